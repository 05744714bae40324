// What the tests of src/libc must not do to the test runner itself: each case is run in a process of its own.
import { readFileSync, readSync, writeSync } from "node:fs";
import {
  createSession,
  exitImmediately,
  groupOf,
  replaceProcess,
  sessionOf,
  setParentDeathSignal,
} from "../../src/libc/process.ts";

const cases: Record<string, () => unknown> = {
  "create-session": () =>
    [createSession(), sessionOf(process.pid), groupOf(process.pid), process.pid].join(" "),
  "exit-immediately": () => {
    process.on("exit", () => writeSync(1, "an exit listener ran"));
    exitImmediately(37);
  },
  "replace-process": () =>
    replaceProcess("/bin/sh", ["ps-name", "-c", 'echo "$$ $0 $A $B"'], { A: "ä", B: "" }),
  "die-with-parent": () => {
    setParentDeathSignal("SIGKILL");
    writeSync(1, "ready\n");
    readFileSync(0);
    return "survived";
  },
  "wait-for-end": () => (readSync(0, new Uint8Array(1)) === 0 ? "" : "unexpected input"),
};

const output = cases[process.argv[2] ?? ""]?.();
writeSync(1, String(output));
