// Running one job in the foreground: a child in this terminal's own process group loads the modules and runs it; this process
// waits, counts what is typed, and ends all that the job has left. Where the child is killed, or blocked, it tells how the run ended.
import type { RunReport } from "../../control/jobs.ts";
import { exitCode } from "../../exit-code.ts";
import { closeDescriptor, pipe } from "../../libc/files.ts";
import { becomeSubreaper, type ChildExit } from "../../libc/process.ts";
import { sendSignal } from "../../libc/signals.ts";
import { spawn } from "../../libc/spawn.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { OnceEnd } from "../../runtime/run-once.ts";
import { formatDuration } from "../../schedule/duration.ts";
import { firstFreeDescriptor, readinessDescriptor, specDescriptor } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { DjobError } from "../error.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";
import { pipeWith } from "../starting/become.ts";
import { endDescendants } from "../starting/end-started.ts";
import { notReady } from "../starting/not-ready.ts";
import { type Message, MessageReader } from "../starting/readiness.ts";
import { reap } from "../supervise/reap.ts";

export interface OnceRequest {
  /** null: the only one that there is. */
  readonly job: string | null;
  readonly input?: unknown;
  /** In place of the job's own. */
  readonly timeoutMs: number | null;
  /** The process that waits. */
  readonly parent: number;
}

interface OnceSpec extends Spec {
  readonly once: OnceRequest;
}

/** What the process of the run was started with. */
export function decodeRequest(spec: Spec): OnceRequest {
  return (spec as OnceSpec).once;
}

/** A pipe holds the request, which nobody reads yet. */
const maximumRequestBytes = 60_000;
/** Signals that come closer together are one: a terminal sends it to the group, timeout(1) to a process and its group. */
const sameSignalMs = 100;
/** How much longer than it should a run may take until it is ended from outside. */
const slackMs = 250;
const ownEndMs = 1_000;

/**
 * @param quiet the run's standard output is this process's standard error
 * @throws {DjobError} with exit code 9 if the modules can't be loaded, 2 if there is no such job
 */
export async function runOnceInForeground(
  spec: Spec,
  environment: Environment,
  request: Omit<OnceRequest, "parent">,
  quiet: boolean,
): Promise<OnceEnd | { readonly killedBy: NodeJS.Signals }> {
  const once: OnceSpec = { ...spec, once: { ...request, parent: process.pid } };
  const text = encodeSpec(once);
  if (Buffer.byteLength(text) > maximumRequestBytes)
    throw new DjobError(exitCode.usage, "cannot run the job: its --input is too long", "have it read a file");
  becomeSubreaper(true);
  const readiness = pipe();
  const specEnd = pipeWith(text);
  const child = spawn({
    path: ownExecutable(),
    argv: [processTitle(spec)],
    environment: stageEnvironment("once", environment),
    descriptors: [
      { from: 0, to: 0 },
      { from: quiet ? 2 : 1, to: 1 },
      { from: 2, to: 2 },
      { from: readiness.writeEnd, to: readinessDescriptor },
      { from: specEnd, to: specDescriptor },
    ],
    defaultSignals: "all",
    blockedSignals: [],
    closeFrom: firstFreeDescriptor,
  });
  closeDescriptor(specEnd);
  closeDescriptor(readiness.writeEnd);
  return await new OnceWatch(spec, request.job, child).follow(readiness.readEnd);
}

type Forced = { readonly outcome: "timed-out" | "cancelled"; readonly why: string };

class OnceWatch {
  readonly #spec: Spec;
  readonly #job: string | null;
  readonly #child: number;
  /** As it was told last. */
  #going: Extract<Message, { type: "going" }> | null = null;
  #cancelLimit = () => {};
  #signalled: { readonly signal: NodeJS.Signals; readonly atMs: number } | null = null;
  #forced: Forced | null = null;
  #killedBy: NodeJS.Signals | null = null;

  constructor(spec: Spec, job: string | null, child: number) {
    this.#spec = spec;
    this.#job = job;
    this.#child = child;
  }

  async follow(readEnd: number): Promise<OnceEnd | { readonly killedBy: NodeJS.Signals }> {
    let isLate = false;
    const loading = setTimeout(() => {
      isLate = true;
      this.#kill();
    }, this.#spec.readyTimeoutMs);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => this.#hear(signal));
    let last: Message | null = null;
    const reader = new MessageReader();
    reading: for await (const chunk of Bun.file(readEnd).stream()) {
      for (const message of reader.read(chunk)) {
        clearTimeout(loading);
        last = message;
        if (message.type !== "going") break reading;
        this.#going = message;
        this.#limitTo(message.limitMs, { outcome: "timed-out", why: timeoutText(message) });
      }
    }
    clearTimeout(loading);
    this.#cancelLimit();
    const ended = await this.#end();
    if (this.#killedBy !== null) return { killedBy: this.#killedBy };
    if (last?.type === "ran") return { report: last.run, result: last.result };
    if (last?.type === "noJob") throw noSuchJob(this.#job, last);
    if (this.#going !== null) return { report: this.#conclude(this.#going.run, ended), result: null };
    const verdict = isLate ? { type: "timeout" as const } : (last ?? { type: "closed" as const });
    if (verdict.type === "going" || verdict.type === "spawned")
      throw new Error(`told ${verdict.type} at the end`);
    throw notReady({ ...this.#spec, paths: { ...this.#spec.paths, log: null } }, verdict, ended, 0, "load");
  }

  /** The first is handed on, and the run has its grace to end; the second ends it now. */
  #hear(signal: NodeJS.Signals): void {
    const nowMs = performance.now();
    if (this.#signalled !== null && nowMs - this.#signalled.atMs < sameSignalMs) return;
    if (this.#signalled !== null || this.#going === null) {
      this.#killedBy = signal;
      this.#kill();
      return;
    }
    this.#signalled = { signal, atMs: nowMs };
    sendIfThere(this.#child, signal);
    this.#limitTo(this.#going.graceMs, { outcome: "cancelled", why: `it went on after ${signal}` });
  }

  #limitTo(limitMs: number | null, forced: Forced): void {
    this.#cancelLimit();
    if (limitMs === null) return;
    this.#cancelLimit = systemClock.after(limitMs + slackMs, () => {
      this.#forced = forced;
      this.#kill();
    });
  }

  #kill(): void {
    sendIfThere(this.#child, "SIGKILL");
  }

  /** The child ends by itself when it has told how the run ended; then whatever it has left is ended. */
  async #end(): Promise<Pick<ChildExit, "exitCode" | "signal"> | null> {
    const startMs = performance.now();
    let ended = reap(this.#child);
    while (ended === null) {
      if (performance.now() - startMs > ownEndMs) this.#kill();
      await Bun.sleep(1);
      ended = reap(this.#child);
    }
    endDescendants();
    return ended === "none" ? null : ended;
  }

  /** What became of a run that could not tell it. */
  #conclude(run: RunReport, ended: Pick<ChildExit, "exitCode" | "signal"> | null): RunReport {
    const how =
      ended === null || ended.exitCode !== null
        ? `its process ended with exit code ${ended?.exitCode}, before the run did`
        : `its process was killed by ${ended.signal}`;
    const { outcome, why } = this.#forced ?? { outcome: "interrupted" as const, why: how };
    const name = outcome === "timed-out" ? "TimeoutError" : "Error";
    const error = outcome === "cancelled" ? null : { name, message: why, stack: null };
    const reason = outcome === "cancelled" ? "asked" : null;
    return { ...run, endedAt: new Date(systemClock.now()).toISOString(), outcome, reason, error };
  }
}

function timeoutText({ limitMs, graceMs }: Extract<Message, { type: "going" }>): string {
  const timeoutMs = (limitMs ?? 0) - graceMs;
  return `the run took longer than ${formatDuration(timeoutMs)}, and went on for ${formatDuration(graceMs)} after that`;
}

function noSuchJob(job: string | null, { names, nearest }: Extract<Message, { type: "noJob" }>): DjobError {
  if (names.length === 0)
    return new DjobError(exitCode.usage, "cannot run a job: the modules declare none", "see djob check");
  const all = names.slice(0, 20).join(", ");
  if (job === null)
    return new DjobError(
      exitCode.usage,
      `cannot run a job: the modules declare ${names.length} of them`,
      `name one of them after the modules: ${all}`,
    );
  const hint = `did you mean "${nearest}"? Their jobs: ${all}`;
  return new DjobError(exitCode.usage, `cannot run the job "${job}": the modules declare no such job`, hint);
}

function sendIfThere(pid: number, signal: string): void {
  try {
    sendSignal(pid, signal);
  } catch {
    // It has ended already.
  }
}
