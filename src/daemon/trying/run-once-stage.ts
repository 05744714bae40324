// The process of `djob run-once` that loads the modules and runs the job. What it can't tell any more when it is killed, or
// blocked by its own job, whoever started it tells in its place.
import { hostname } from "node:os";
import { closest } from "fastest-levenshtein";
import { exitCode } from "../../exit-code.ts";
import { setCloseOnExec } from "../../libc/files.ts";
import type { LogRecord } from "../../logs/line.ts";
import { errDescriptor, outDescriptor, writeBytes, writeText } from "../../logs/sink.ts";
import { takeOverStreams } from "../../logs/streams.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { JobDefinition } from "../../runtime/job.ts";
import { Journal, plainPen } from "../../runtime/journal.ts";
import { loadInScratch } from "../../runtime/loading/scratch.ts";
import { type OnceRun, runOnce } from "../../runtime/run-once.ts";
import { executorMaker } from "../../runtime/running/executors.ts";
import { crontabPort } from "../crontab-file.ts";
import { readinessDescriptor } from "../descriptors.ts";
import { isolationFor } from "../isolated/isolation.ts";
import { type Exit, endWith, settleIn, takeSpec } from "../settle.ts";
import { commandStage } from "../stage.ts";
import { loadGraceMs, type Message, tell, tellIfPossible } from "../starting/readiness.ts";
import { decodeRequest, type OnceRequest } from "./run-once.ts";

/** @param entry the script that a thread of this executable begins with */
export async function becomeOnce(end: Exit, entry: string): Promise<void> {
  const spec = takeSpec();
  const request = decodeRequest(spec);
  const isolation = isolationFor(spec, entry);
  const exit = (code: number) => {
    isolation.endAll();
    return end(code);
  };
  endWith(request.parent);
  settleIn(spec);
  setCloseOnExec(readinessDescriptor, true);
  // Bun's own would still have something to write when the process exits.
  takeOverStreams((descriptor, bytes) => void writeBytes(descriptor, bytes));
  const { registry } = await loadInScratch(spec.modules, {
    readyTimeoutMs: spec.readyTimeoutMs,
    loadGraceMs,
    host: hostname(),
    crontabs: crontabPort(spec),
    failed: (failure) => void tellIfPossible(readinessDescriptor, { type: "failed", failure }),
    exit,
  });
  const job = chooseJob(registry.jobs, request.job);
  if ("type" in job) {
    tell(readinessDescriptor, job);
    return exit(exitCode.usage);
  }
  let going: OnceRun | null = null;
  let asked: string | null = null;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      asked ??= `${signal} was sent`;
      going?.cancel(asked);
    });
  }
  // As at a terminal: what the job logs, with neither time nor name.
  const journal = new Journal(systemClock.now, plainPen(printMessage));
  going = await runOnce(withTimeout(job, request.timeoutMs), request.input, {
    clock: systemClock,
    journal,
    host: hostname(),
    makeExecutor: executorMaker(commandStage(spec), isolation, journal),
    going: (run, limitMs) =>
      void tell(readinessDescriptor, { type: "going", run, limitMs, graceMs: job.policies.graceMs }),
  });
  if (asked !== null) going.cancel(asked);
  const { report, result } = await going.ended;
  tell(readinessDescriptor, { type: "ran", run: report, result });
  exit(report.outcome === "succeeded" ? exitCode.done : exitCode.failed);
}

/** Warnings and errors on standard error. */
function printMessage({ level }: LogRecord, message: string): void {
  writeText(level === "warn" || level === "error" ? errDescriptor : outDescriptor, `${message}\n`);
}

function chooseJob(
  jobs: readonly JobDefinition[],
  name: string | null,
): JobDefinition | Extract<Message, { type: "noJob" }> {
  const found = name === null && jobs.length === 1 ? jobs[0] : jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  const names = jobs.map((job) => job.name);
  return { type: "noJob", names, nearest: name === null || names.length === 0 ? null : closest(name, names) };
}

function withTimeout(job: JobDefinition, timeoutMs: OnceRequest["timeoutMs"]): JobDefinition {
  return timeoutMs === null ? job : { ...job, policies: { ...job.policies, timeoutMs } };
}
