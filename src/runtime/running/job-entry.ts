// A job and where it stands.
import { ALWAYS_BACK_OFF, type BackOffState, FIRST_BACK_OFF, nextBackOff } from "../../schedule/back-off.ts";
import { jitterDelay } from "../../schedule/plan.ts";
import type { JobMemory } from "../../store/store.ts";
import type { JobDefinition } from "../job.ts";
import { type JobRuns, noRuns } from "./job-runs.ts";

export type JobState = "idle" | "running" | "backing-off" | "paused" | "done";

export interface JobEntry extends JobRuns {
  readonly definition: JobDefinition;
  readonly isAlways: boolean;
  /** How much later than their times its runs start. */
  readonly delayMs: number;
  /** In the store; 0 before it is known there. */
  key: number;
  /** When this worker began to know it. */
  sinceMs: number;
  /** Its next time. */
  dueMs: number | null;
  /** After this time none has a record; one before it may have, where the clock was set back, */
  knownMs: number;
  /** but none that is to come before this one. */
  knownFromMs: number;
  /** The latest time that was decided, as far as one was. */
  lastScheduledMs: number | null;
  /** Whether the worker before still runs it. */
  held: boolean;
  pausedAtMs: number | null;
  last: LastRun | null;
  lastSuccessMs: number | null;
  /** JSON text of what is kept between runs. */
  state: string | null;
  bootId: string | null;
  backOff: BackOffState;
}

/** The latest run that was not skipped. */
export interface LastRun {
  readonly scheduledAtMs: number;
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted";
  readonly durationMs: number;
}

/** @param host what the delay of a jitter is spread by, besides the job's name */
export function newEntry(definition: JobDefinition, host: string): JobEntry {
  const { name, plan } = definition;
  return {
    definition,
    isAlways: plan.schedules[0]?.kind === "always",
    delayMs: plan.jitterMs === 0 ? 0 : jitterDelay(`${host}/${name}`, plan.jitterMs),
    key: 0,
    sinceMs: 0,
    dueMs: null,
    knownMs: 0,
    knownFromMs: 0,
    lastScheduledMs: null,
    ...noRuns,
    held: false,
    pausedAtMs: null,
    last: null,
    lastSuccessMs: null,
    state: null,
    bootId: null,
    backOff: FIRST_BACK_OFF,
  };
}

export function remember(entry: JobEntry, memory: JobMemory, nowMs: number): void {
  entry.sinceMs = nowMs;
  const { key, accountedMs, knownMs, pausedAtMs, bootId, last } = memory;
  Object.assign(entry, { key, pausedAtMs, bootId });
  entry.knownMs = Math.max(knownMs, accountedMs);
  entry.lastScheduledMs = last === null ? null : Math.min(last.scheduledAtMs, nowMs);
  rememberOutcome(entry, memory);
}

/** What the runs of another worker have left. */
export function rememberOutcome(entry: JobEntry, { lastSuccessMs, state, last }: JobMemory): void {
  Object.assign(entry, { lastSuccessMs, state });
  if (last === null || last.outcome === "skipped") return;
  const durationMs = last.startedAtMs === null ? 0 : last.endedAtMs - last.startedAtMs;
  entry.last = { scheduledAtMs: last.scheduledAtMs, outcome: last.outcome, durationMs };
}

/**
 * The time after which the first of its times is sought.
 * @param fromMs up to when the worker before has fired; null: there was none
 */
export function accountedThrough(
  { delayMs }: JobEntry,
  { accountedMs }: JobMemory,
  fromMs: number | null,
): number {
  if (fromMs === null) return accountedMs;
  // A time whose start was put off beyond that moment has not been fired.
  return delayMs === 0 ? fromMs : Math.min(fromMs, Math.max(accountedMs, fromMs - delayMs));
}

export function jobState({ active, held, pausedAtMs, dueMs, isAlways }: JobEntry): JobState {
  if (active.size > 0 || held) return "running";
  if (pausedAtMs !== null) return "paused";
  if (dueMs === null) return "done";
  return isAlways ? "backing-off" : "idle";
}

/** How long an `always` job waits before it starts again; the next time it is longer. */
export function backOff(entry: JobEntry, ranForMs: number, random: number): number {
  const { delayMs, state } = nextBackOff(entry.backOff, ALWAYS_BACK_OFF, ranForMs, random);
  entry.backOff = state;
  return delayMs;
}
