// The launcher's part for the tests of src/daemon/starting/end-started.ts, in a process of its own because it reaps whatever
// child ends. Arguments: the shell script of the session leader, whose first line of output is the worker's pid, and
// whether the worker seems to be dying. Prints how the worker ended, and the children that are left.
import { readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { endStarted } from "../../../src/daemon/starting/end-started.ts";
import { closeDescriptor, pipe } from "../../../src/libc/files.ts";
import { becomeSubreaper } from "../../../src/libc/process.ts";
import { spawn } from "../../../src/libc/spawn.ts";

const [script = "", dying] = process.argv.slice(2);
becomeSubreaper(true);
const output = pipe();
const leader = spawn({
  path: "/bin/sh",
  argv: ["sh", "-c", script],
  environment: { PATH: "/usr/bin:/bin" },
  descriptors: [{ from: output.writeEnd, to: 1 }],
  newSession: true,
  defaultSignals: "all",
  blockedSignals: [],
});
closeDescriptor(output.writeEnd);
const bytes = Buffer.alloc(100);
let text = "";
while (!text.endsWith("\n")) text += bytes.toString("latin1", 0, readSync(output.readEnd, bytes));
const [worker = 0, ...others] = text.trim().split(" ").map(Number);
const ended = await endStarted({ leader, worker: worker === 0 ? null : worker }, dying === "dying");
const children = readdirSync("/proc/self/task").flatMap((thread) =>
  readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
);
writeSync(1, JSON.stringify({ ended, children, pids: [leader, worker, ...others] }));
