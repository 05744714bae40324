// What a worker says, checked: its modules can write to any descriptor, and one that has given up root is not to be believed
// by a supervisor that has not. Pure.
import type { JobStatus, StopReport } from "../../control/messages.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import type { FromWorker } from "../../runtime/link.ts";

type Fields = Readonly<Record<string, unknown>>;

/** @returns null for what no worker of this version says */
export function heard(value: unknown): FromWorker | null {
  if (!isFields(value)) return null;
  const { type } = value;
  const check = typeof type === "string" && Object.hasOwn(checks, type) ? checks[type] : undefined;
  return check?.(value) ? (value as unknown as FromWorker) : null;
}

const checks: Readonly<Record<string, (fields: Fields) => boolean>> = {
  ready: ({ jobs }) => isCount(jobs),
  failed: ({ failure }) => isFailure(failure),
  crashed: ({ what }) => typeof what === "string",
  status: ({ id, jobs }) => isCount(id) && Array.isArray(jobs) && jobs.every(isJobStatus),
  pong: ({ id }) => isCount(id),
  yielded: ({ atMs, running }) => Number.isFinite(atMs) && isTexts(running),
  runEnded: ({ job }) => typeof job === "string",
  retired: ({ children }) => Array.isArray(children) && children.every((pid) => isCount(pid) && pid > 1),
  stopped: ({ report }) => isStopReport(report),
};

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

function isFailure(value: unknown): value is ModuleFailure {
  if (!isFields(value)) return false;
  const { module, message, location, sourceLine, stack, hint } = value;
  const isPlaced =
    location === null ||
    (isFields(location) &&
      typeof location["file"] === "string" &&
      isCount(location["line"]) &&
      isCount(location["column"]));
  return typeof message === "string" && isPlaced && [module, sourceLine, stack, hint].every(isTextOrNull);
}

function isJobStatus(value: unknown): value is JobStatus {
  if (!isFields(value)) return false;
  const { name, schedule, tz, state, next, last } = value;
  const isText = [name, schedule, state].every((text) => typeof text === "string");
  const isRun =
    last === null ||
    (isFields(last) &&
      typeof last["scheduledAt"] === "string" &&
      typeof last["outcome"] === "string" &&
      Number.isFinite(last["durationMs"]));
  return isText && isTextOrNull(tz) && isTextOrNull(next) && isRun;
}

function isStopReport(value: unknown): value is StopReport {
  if (!isFields(value)) return false;
  return ["clean", "forced", "killed"].includes(String(value["outcome"])) && isTexts(value["runs"]);
}
