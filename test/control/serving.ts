// The real server on a socket of its own, over a worker in the same process or behind the real channel.

import { onTestFinished } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RemoteJobs } from "../../src/control/calls.ts";
import { directJobs } from "../../src/control/direct.ts";
import type { JobsControl } from "../../src/control/jobs.ts";
import { type ControlHandlers, serveControl } from "../../src/control/server.ts";
import { Channel } from "../../src/daemon/supervise/channel.ts";
import { heard } from "../../src/daemon/supervise/heard.ts";
import { JobQuestions } from "../../src/daemon/supervise/job-questions.ts";
import { socketPair } from "../../src/libc/files.ts";
import { Answering } from "../../src/runtime/answers/answering.ts";
import type { ToWorker } from "../../src/runtime/link.ts";

const handlers: Omit<ControlHandlers, "jobs"> = {
  status: () => ({
    ...{ name: "worker", state: "running", pid: 4711, workerPid: 4712, startedAt: null, restarts: 0 },
    ...{ lastExit: null, foreground: false, stopTimeoutMs: 10_000, modules: ["/w.ts"], command: null },
    ...{ jobs: [], reason: null, version: "1", commit: null, upgrades: 0, responsive: true },
    log: { target: "file", format: "text", state: "ok", reason: null, lostLines: 0 },
    history: { path: "/h", state: "degraded", reason: "the disk is full" },
    paths: { pidfile: "/p", log: null, logErr: null, socket: "/s", history: "/h" },
  }),
  spec: () => ({ spec: { name: "worker" }, environment: { PATH: "/bin" } }),
  reload: async () => ({ outcome: "reloaded", failure: null, hint: null }),
  upgrade: async () => ({ outcome: "refused", failure: "it is the same", hint: null }),
  stop(_timeoutMs, schedule) {
    if (schedule === "soon") throw new Error('"soon" is no schedule');
    return Promise.resolve({ outcome: "clean", runs: [] });
  },
};

export type Ask = (path: string, init?: RequestInit) => Promise<Response>;

export function serve(jobs: RemoteJobs): Ask {
  const directory = mkdtempSync(join(tmpdir(), "djob-control-"));
  const socket = join(directory, "s");
  const server = serveControl(socket, { ...handlers, jobs });
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return (path, init) => fetch(`http://djob${path}`, { unix: socket, ...init });
}

export function direct(control: JobsControl): RemoteJobs {
  return directJobs(control, () => false);
}

/** A supervisor's questions, and what its worker hears of them and can say. */
export function channelled(receive: (message: ToWorker, say: (message: unknown) => void) => void) {
  const [own, theirs] = socketPair();
  const [channel, workerChannel] = [new Channel(own), new Channel(theirs)];
  const worker = {
    generation: 1,
    isCommand: false,
    tell: (message: ToWorker) => channel.send(message),
  };
  const state = { phase: "running", lastExit: null, current: 1, retiring: [] } as const;
  const questions = new JobQuestions(() => ({ ...state, workers: new Map([[1, worker]]) }));
  const garbage: string[] = [];
  channel.listen<unknown>({
    message(value) {
      const message = heard(value);
      if (message !== null && "id" in message && message.type !== "pong") questions.hear(1, message);
      else garbage.push(JSON.stringify(value).slice(0, 100));
    },
    garbage: (line) => void garbage.push(line),
    closed() {},
  });
  workerChannel.listen<ToWorker>({
    message: (message) => receive(message, (said) => workerChannel.send(said)),
    garbage() {},
    closed() {},
  });
  return { questions, garbage };
}

/** The worker's own answering, at the other end of the channel. */
export function forwarded(control: JobsControl): JobQuestions {
  let answering: Answering | null = null;
  return channelled((message, say) => {
    answering ??= new Answering(direct(control), say);
    if (message.type === "request") void answering.answer(message);
    if (message.type === "leave") answering.leave(message.id);
  }).questions;
}
