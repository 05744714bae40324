// What a worker says, checked: its modules can write to any descriptor, and one that has given up root is not to be believed
// by a supervisor that has not. Pure.
import { isRunReport } from "../../control/calls.ts";
import type { StopReport } from "../../control/messages.ts";
import type { LogState } from "../../logs/trouble.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import { type FromWorker, longestPart } from "../../runtime/link.ts";

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
  begun: ({ id, run }) => isCount(id) && isRunReport(run),
  line: ({ id, line }) => isCount(id) && isPart(line),
  part: ({ id, index, text }) => isCount(id) && isCount(index) && isPart(text),
  answer: ({ id, parts }) => isCount(id) && isCount(parts),
  refused: ({ id, status, message, hint }) =>
    isCount(id) && isRefusal(status) && isPart(message) && (hint === null || isPart(hint)),
  pong: ({ id }) => isCount(id),
  yielded: ({ atMs, running }) => Number.isFinite(atMs) && isTexts(running),
  runEnded: ({ job }) => typeof job === "string",
  retired: ({ children }) => Array.isArray(children) && children.every((pid) => isCount(pid) && pid > 1),
  stopped: ({ report }) => isStopReport(report),
  logChanged: () => true,
  logState: ({ state }) => isLogState(state),
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

function isPart(value: unknown): boolean {
  return typeof value === "string" && value.length <= longestPart;
}

/** HTTP statuses with which a worker refuses. */
function isRefusal(value: unknown): boolean {
  return typeof value === "number" && [400, 404, 409, 413, 499, 500, 503].includes(value);
}

function isLogState(value: unknown): value is LogState {
  if (!isFields(value)) return false;
  const { state, reason, lostLines } = value;
  return ["ok", "degraded"].includes(String(state)) && isTextOrNull(reason) && isCount(lostLines);
}

function isStopReport(value: unknown): value is StopReport {
  if (!isFields(value)) return false;
  return ["clean", "forced", "killed"].includes(String(value["outcome"])) && isTexts(value["runs"]);
}
