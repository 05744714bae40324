// A process that runs isolated jobs: it ends with its worker, and nothing that it starts gets its way to the worker.
import { cpuUsage } from "node:process";
import { setLimit } from "../../libc/attributes.ts";
import { setCloseOnExec, tryWrite } from "../../libc/files.ts";
import { handDownProcessEnvironment } from "../../runtime/child-environment.ts";
import { longestTimerMs } from "../../runtime/clock.ts";
import { Host } from "../../runtime/isolate/host.ts";
import type { ToHost } from "../../runtime/isolate/messages.ts";
import { hostDescriptor, supervisorVariable } from "../descriptors.ts";
import { type Exit, endWith, forgetOwnVariables, nameProcess } from "../settle.ts";
import { Channel } from "../supervise/channel.ts";
import { takeVariable } from "../take-variable.ts";

/** How long to wait for room in the way to the worker. */
const pauseMs = 1;

export function liveInProcess(exit: Exit): void {
  endWith(Number(takeVariable(supervisorVariable)));
  setCloseOnExec(hostDescriptor, true);
  nameProcess();
  forgetOwnVariables();
  handDownProcessEnvironment(Bun.main);
  // A handler may wait for nothing that holds the event loop, and so may this process.
  setInterval(() => {}, longestTimerMs);
  const channel = new Channel(hostDescriptor);
  const host = new Host({
    send: (message) => sendNow(`${JSON.stringify(message)}\n`),
    listen: (receive) =>
      channel.listen<ToHost>({
        message: receive,
        garbage: () => {},
        // Where there is no parent-death signal.
        closed: () => void exit(1),
      }),
    limitCpu,
    isLoopEmpty: null,
    hasOwnOutput: true,
    exit,
  });
  host.start();
}

/** Whatever happens next, even in this very statement, the worker will have it. */
function sendNow(text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    const written = tryWrite(hostDescriptor, bytes.subarray(offset));
    offset += written;
    if (written === 0) Bun.sleepSync(pauseMs);
  }
}

/** setrlimit(2) counts whole seconds of all CPU time that the process has had; at the soft limit it is SIGXCPU, at the hard one SIGKILL. */
function limitCpu(durationMs: number): void {
  const { user, system } = cpuUsage();
  const seconds = Math.ceil((user + system) / 1e6 + durationMs / 1000);
  setLimit("cpu", seconds, seconds + 1);
}
