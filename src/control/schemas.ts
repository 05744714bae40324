// The shapes of what goes over the control socket, one for each type of messages.ts and jobs.ts: the compiler holds their
// fields to those types.
import type { RunReport, WhyReport } from "./jobs.ts";
import type {
  DaemonPaths,
  DaemonStatus,
  ErrorReport,
  HistoryState,
  JobStatus,
  LogReport,
  ReloadReport,
  RunCount,
  SpecReport,
  StopReport,
  UpgradeReport,
  WorkerReport,
} from "./messages.ts";
import { type Components, object, orNull, reference, type Schema } from "./schema.ts";

const text: Schema = { type: "string" };
const textOrNull: Schema = { type: ["string", "null"] };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };
const time: Schema = { type: "string", format: "date-time" };
const timeOrNull: Schema = { type: ["string", "null"], format: "date-time" };
const texts: Schema = { type: "array", items: text };
const durationMs: Schema = { type: "number", minimum: 0 };
const pidOrNull: Schema = { type: ["integer", "null"], minimum: 1 };
const anything: Schema = { description: "any JSON value" };

function oneOf(...values: readonly string[]): Schema {
  return { type: "string", enum: values };
}

const outcomes = ["succeeded", "failed", "timed-out", "cancelled", "interrupted"];

const historyState = {
  state: { type: ["string", "null"], enum: ["ok", "set-aside", "memory", "degraded", null] },
  reason: textOrNull,
} as const satisfies Record<keyof HistoryState, Schema>;

/** Each name is that of its type; RunEnding is a line of a run that is followed. */
export const schemas = {
  JobStatus: object<JobStatus>({
    name: text,
    schedule: text,
    tz: textOrNull,
    state: oneOf("idle", "running", "backing-off", "paused", "done"),
    overdue: flag,
    next: timeOrNull,
    delayMs: durationMs,
    lastSuccess: timeOrNull,
    last: orNull(
      object<NonNullable<JobStatus["last"]>>({
        scheduledAt: time,
        outcome: oneOf(...outcomes),
        durationMs,
      }),
    ),
  }),
  RunReport: object<RunReport>({
    id: text,
    job: text,
    scheduledAt: time,
    startedAt: timeOrNull,
    endedAt: timeOrNull,
    attempt: count,
    trigger: oneOf("schedule", "catch-up", "manual", "retry"),
    outcome: { type: ["string", "null"], enum: [...outcomes, "skipped", null] },
    reason: textOrNull,
    error: orNull(object<NonNullable<RunReport["error"]>>({ name: text, message: text, stack: textOrNull })),
    exitCode: { type: ["integer", "null"] },
    signal: textOrNull,
    result: anything,
    times: count,
    through: timeOrNull,
  }),
  WhyReport: object<WhyReport>({
    job: reference("JobStatus"),
    nextTimes: { type: "array", items: time },
    runs: { type: "array", items: reference("RunReport") },
    findings: texts,
  }),
  DaemonStatus: object<DaemonStatus>({
    name: text,
    state: oneOf("starting", "running", "reloading", "backing-off", "stopping", "failed", "stopped"),
    pid: pidOrNull,
    workerPid: pidOrNull,
    startedAt: timeOrNull,
    restarts: count,
    lastExit: textOrNull,
    foreground: flag,
    stopTimeoutMs: durationMs,
    modules: texts,
    command: orNull(texts),
    paths: object<DaemonPaths>({
      pidfile: text,
      log: textOrNull,
      logErr: textOrNull,
      socket: text,
      history: text,
    }),
    log: object<LogReport>({
      target: oneOf("file", "stdout", "none", "journald", "syslog"),
      format: oneOf("text", "json", "logfmt"),
      state: oneOf("ok", "degraded"),
      reason: textOrNull,
      lostLines: count,
    }),
    history: object<DaemonStatus["history"]>({ ...historyState, path: text }),
    jobs: { type: "array", items: reference("JobStatus") },
    reason: textOrNull,
    version: textOrNull,
    commit: textOrNull,
    upgrades: count,
    responsive: flag,
  }),
  WorkerReport: object<WorkerReport>({
    jobs: { type: "array", items: reference("JobStatus") },
    history: object<HistoryState>(historyState),
  }),
  RunCount: object<RunCount>({ job: text, outcome: oneOf(...outcomes, "skipped"), runs: count }),
  StopReport: object<StopReport>({ outcome: oneOf("clean", "forced", "killed"), runs: texts }),
  ReloadReport: object<ReloadReport>({
    outcome: oneOf("reloaded", "failed", "replacing"),
    failure: textOrNull,
    hint: textOrNull,
  }),
  UpgradeReport: object<UpgradeReport>({
    outcome: oneOf("replacing", "refused"),
    failure: textOrNull,
    hint: textOrNull,
  }),
  SpecReport: object<SpecReport>({
    spec: anything,
    environment: { type: "object", additionalProperties: text },
  }),
  ErrorReport: object<ErrorReport>({
    error: object<ErrorReport["error"]>({ code: { type: "integer" }, message: text, hint: textOrNull }),
  }),
  /** One line of the answer to a trigger that follows. */
  FollowLine: {
    anyOf: [
      object<{ begun: RunReport }>({ begun: reference("RunReport") }),
      object<{ line: string }>({ line: text }),
      object<{ dropped: number }>({
        dropped: { ...count, description: "so many lines are left out: the reader was too slow" },
      }),
      object<{ run: RunReport }>({ run: reference("RunReport") }),
      object<ErrorReport>({ error: reference("ErrorReport") }),
    ],
  },
} as const satisfies Components;

export function listOf(name: keyof typeof schemas): Schema {
  return { type: "array", items: reference(name) };
}
