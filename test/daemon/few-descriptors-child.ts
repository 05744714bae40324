// Starts processes while ever more descriptors may be open, until it works, in a process of its own. Argument: "isolated" or "worker".
// Prints how many descriptors were left open by the attempts that failed, and how many failed.
import { closeSync, openSync, writeSync } from "node:fs";
import { endAllProcesses, processStarter } from "../../src/daemon/isolated/process.ts";
import type { Spec } from "../../src/daemon/spec.ts";
import { startWorker } from "../../src/daemon/supervise/worker-process.ts";
import { setLimit } from "../../src/libc/attributes.ts";
import { waitFor } from "../../src/libc/process.ts";

const most = 512;
const spec = { name: "worker", privileges: null, command: null, foreground: false, killMode: "all" } as Spec;
const listener = { line() {}, heard() {}, ended() {} };
const start =
  process.argv[2] === "isolated"
    ? () => {
        processStarter(spec)(listener);
        endAllProcesses();
      }
    : () => {
        const worker = startWorker(1, spec, {}, []);
        worker.signal("SIGKILL");
        waitFor(worker.pid, { wait: true });
      };

setLimit("nofile", most, most);
const taken: number[] = [];
takeAll();
let failed = 0;
let left = 0;
for (let isStarted = false; !isStarted; ) {
  // One more than before.
  for (const descriptor of taken.splice(0, failed)) closeSync(descriptor);
  const before = taken.length;
  try {
    start();
    isStarted = true;
  } catch {
    takeAll();
    left = Math.max(left, failed - (taken.length - before));
    failed += 1;
  }
}
// What was started writes as well.
writeSync(1, `\n${JSON.stringify({ left, failed })}`);
process.exit(0);

function takeAll(): void {
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    // No number is free any more.
  }
}
