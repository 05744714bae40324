// Why a daemon did not become ready, told to the person who started it: the module's own error first, and the last
// lines of its log where the error alone does not say it.
import type { ChildExit } from "../libc/process.ts";
import { textFrom } from "../logs/follow.ts";
import { describeFailure } from "../runtime/failure.ts";
import { DjobError } from "./error.ts";
import { exitCode } from "./exit-code.ts";
import type { Spec } from "./spec.ts";
import type { Verdict } from "./verdict.ts";

const shownLogLines = 10;

/** @param logStart how long the log was before the start */
export function notReady(spec: Spec, verdict: Verdict, ended: ChildExit | null, logStart: number): DjobError {
  if (verdict.type === "failed") {
    const { hint } = verdict.failure;
    return refusal(spec, describeFailure({ ...verdict.failure, hint: null }), hint);
  }
  if (verdict.type === "broken") return refusal(spec, verdict.message, verdict.hint);
  return refusal(spec, why(spec, verdict, ended) + lastLogLines(spec, logStart), hintFor(verdict));
}

function why(spec: Spec, verdict: Verdict, ended: ChildExit | null): string {
  const modules = spec.modules.join(", ");
  if (verdict.type === "timeout") {
    return `it was not ready after ${spec.readyTimeoutMs / 1000} s\n  in ${modules}`;
  }
  if (verdict.type === "interrupted") return `interrupted by ${verdict.signal} before it was ready`;
  const how =
    ended === null
      ? "it ended"
      : ended.signal === null
        ? `it ended with exit code ${ended.exitCode}`
        : `it was killed by ${ended.signal}`;
  return `${how} while it was being loaded\n  in ${modules}`;
}

function hintFor({ type }: Verdict): string | null {
  if (type !== "timeout") return null;
  return "ready means that every top-level await has settled; allow more time with --ready-timeout";
}

function lastLogLines({ paths }: Spec, logStart: number): string {
  if (paths.log === null) return "";
  const lines = textFrom(paths.log, logStart).trimEnd().split("\n").slice(-shownLogLines);
  if (lines.length === 1 && lines[0] === "") return "\nits log has no line of this start";
  return `\nthe last lines of ${paths.log}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function refusal({ name }: Spec, message: string, hint: string | null): DjobError {
  return new DjobError(exitCode.notReady, `cannot start ${name}: ${message}`, hint);
}
