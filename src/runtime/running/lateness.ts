// Which times that come are late, and why. Pure.
import { lateMs } from "../../schedule/catch-up.ts";
import type { JudgedStep } from "./timeline.ts";

export interface Lateness {
  /** Times up to this one came while the machine slept, or no daemon ran. */
  readonly awayThroughMs: number;
  /** Times up to this one are no times: the clock was wrong. */
  readonly correctedThroughMs: number;
  /** Times up to this one came between two workers, and are not late. */
  readonly tookOverAtMs: number;
}

export const neverLate: Lateness = { awayThroughMs: 0, correctedThroughMs: 0, tookOverAtMs: 0 };

export function howLate({ awayThroughMs, correctedThroughMs, tookOverAtMs }: Lateness, timeMs: number) {
  return {
    wasAway: timeMs <= awayThroughMs,
    wasCorrected: timeMs <= correctedThroughMs,
    wasHandedOver: timeMs <= tookOverAtMs,
  };
}

/** @param fromMs up to when the worker before has fired; null: there was none */
export function atStart(fromMs: number | null, nowMs: number): Lateness {
  // No handover takes so long: the machine slept, or its clock was set.
  const wasAway = fromMs === null || nowMs - fromMs >= lateMs;
  return { ...neverLate, ...(wasAway ? { awayThroughMs: nowMs } : { tookOverAtMs: nowMs }) };
}

export function afterStep(before: Lateness, step: JudgedStep, nowMs: number): Lateness {
  const { wasWrong, wasAway, setBack } = step;
  let { awayThroughMs, correctedThroughMs, tookOverAtMs } = before;
  if (setBack !== null) {
    // What was late under the wrong clock may come in time. What has come before anybody noticed is only late.
    awayThroughMs = Math.min(awayThroughMs, setBack.toMs);
    correctedThroughMs = Math.min(correctedThroughMs, setBack.toMs);
    tookOverAtMs = Math.min(tookOverAtMs, setBack.toMs);
  }
  if (wasWrong) correctedThroughMs = nowMs;
  else if (wasAway) awayThroughMs = nowMs;
  return { awayThroughMs, correctedThroughMs, tookOverAtMs };
}
