// Why a daemon did not become ready, told to the person who started it: the module's own error first, and the last
// lines of its log where the error alone does not say it.

import { exitCode } from "../../exit-code.ts";
import { lastLinesSince } from "../../logs/written-since.ts";
import { describeFailure, failure, type ModuleFailure, notInTime } from "../../runtime/failure.ts";
import { DjobError } from "../error.ts";
import type { Spec } from "../spec.ts";
import type { WorkerEnd } from "./end-started.ts";
import { leaveDescriptors } from "./readiness.ts";
import type { Verdict } from "./verdict.ts";

const shownLogLines = 10;

/** What was to be done with the modules: of a daemon that starts, or by a process that only loads them. */
export type Undertaking = "start" | "load";

/** @param logStart how long the log was before the start */
export function notReady(
  spec: Spec,
  verdict: Verdict,
  ended: WorkerEnd,
  logStart: number,
  what: Undertaking = "start",
): DjobError {
  const refusal = (message: string, hint: string | null) =>
    new DjobError(exitCode.notReady, `cannot ${what} ${spec.name}: ${message}`, hint);
  if (verdict.type === "broken") return refusal(verdict.message, verdict.hint);
  const reason = verdict.type === "failed" ? verdict.failure : reasonOf(spec, verdict, ended);
  const log = verdict.type === "failed" ? "" : lastLogLines(spec, logStart);
  return refusal(describeFailure({ ...reason, hint: null }) + log, reason.hint);
}

/** Why, where the worker itself has not told it. */
function reasonOf(spec: Spec, verdict: Verdict, ended: WorkerEnd): ModuleFailure {
  const module = spec.command?.program ?? spec.modules.join(", ");
  if (verdict.type === "timeout") return notInTime(module, spec.readyTimeoutMs, readyMeans(spec));
  if (verdict.type === "interrupted") {
    return failure(null, `interrupted by ${verdict.signal} before it was ready`, null);
  }
  if (ended === "killed") {
    return failure(module, "it closed the descriptor through which djob tells that it is ready", null, {
      hint: leaveDescriptors,
    });
  }
  const when = spec.command === null ? "while it was being loaded" : "before it was ready";
  return failure(module, `${howItEnded(ended)} ${when}`, null);
}

function readyMeans({ command }: Spec): string | undefined {
  if (command === null) return undefined;
  const { ready } = command;
  switch (ready.type) {
    case "line":
      return "a line of its log matches --ready-line";
    case "port":
      return "it accepts connections at --ready-port";
    case "notify":
      return "it has said READY=1 on its NOTIFY_SOCKET";
    default:
      return "it runs, for as long as --ready-after says";
  }
}

function howItEnded(ended: Exclude<WorkerEnd, "killed">): string {
  if (ended === null) return "it ended";
  return ended.signal === null
    ? `it ended with exit code ${ended.exitCode}`
    : `it was killed by ${ended.signal}`;
}

function lastLogLines({ paths }: Spec, logStart: number): string {
  if (paths.log === null) return "";
  const lines = lastLinesSince(paths.log, logStart, shownLogLines);
  if (lines.length === 0) return "\nits log has no line of this start";
  return `\nthe last lines of ${paths.log}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
