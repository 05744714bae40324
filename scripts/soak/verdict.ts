// Judges a soak: each time of each job has exactly one record, no attempt was begun twice, and what the handlers wrote is what
// the records say.
import { idOf, type Record, type SoakHistory } from "./history.ts";
import type { SoakJob } from "./jobs.ts";
import type { Trace } from "./module.ts";
import { timesOf } from "./times.ts";

export interface Evidence {
  readonly jobs: readonly SoakJob[];
  readonly history: SoakHistory;
  readonly traces: readonly Trace[];
  /** By the daemon's clock: from the earliest that it has shown to the latest. */
  readonly shownFromMs: number;
  readonly shownThroughMs: number;
  /** After the first and through the second each time is owed. */
  readonly owedAfterMs: number;
  readonly owedThroughMs: number;
  readonly triggered: ReadonlySet<string>;
  readonly lostTriggers: number;
}

export interface Verdict {
  readonly faults: readonly string[];
  /** How many times were owed. */
  readonly owed: number;
}

export function judge(evidence: Evidence): Verdict {
  const byJob = Map.groupBy(evidence.history.records, ({ job }) => job);
  const faults: string[] = [];
  let owed = 0;
  let manual = 0;
  for (const job of evidence.jobs) {
    const judged = judgeTimes(job, byJob.get(job.name) ?? [], evidence);
    faults.push(...judged.faults);
    owed += judged.owed;
    manual += judged.manual;
  }
  if (evidence.history.pending > 0) faults.push(`${evidence.history.pending} decisions have no record`);
  const unknown = manual - evidence.triggered.size;
  if (unknown > evidence.lostTriggers) faults.push(`${unknown} manual runs more than were triggered`);
  faults.push(
    ...judgeTriggers(evidence),
    ...judgeTraces(evidence),
    ...judgeOverlaps(evidence),
    ...judgeStates(evidence),
  );
  return { faults, owed };
}

function judgeTimes(job: SoakJob, records: readonly Record[], evidence: Evidence) {
  const { shownFromMs, shownThroughMs, owedAfterMs, owedThroughMs, history } = evidence;
  const faults: string[] = [];
  const fault = (text: string) =>
    void faults.push(`${job.name} (${job.schedules.map(({ text }) => text).join(", ")}): ${text}`);
  const times = [
    ...new Set(job.schedules.flatMap((each) => timesOf(each, shownFromMs - 1, shownThroughMs))),
  ].sort((a, b) => a - b);
  const covered = new Map<number, number>(times.map((timeMs) => [timeMs, 0]));
  const isFree = job.schedules.some(({ text }) => text === "always" || text === "@reboot");
  let manual = 0;
  for (const record of records) {
    const { scheduledMs, throughMs, times: count } = record;
    if (record.trigger === "manual" || isManualRetry(record, covered)) {
      manual += 1;
      continue;
    }
    if (isFree) continue;
    const stoodFor = count === 1 ? [scheduledMs] : times.filter((at) => at >= scheduledMs && at <= throughMs);
    if (stoodFor.length !== count)
      fault(
        `a record of ${count} times from ${iso(scheduledMs)} to ${iso(throughMs)}, where it has ${stoodFor.length}`,
      );
    for (const at of stoodFor) {
      const before = covered.get(at);
      if (before === undefined) fault(`a record of ${iso(at)}, which is no time of it`);
      else covered.set(at, before + 1);
    }
  }
  const throughMs = owedThroughMs - job.jitterMs;
  let owed = 0;
  for (const [timeMs, count] of covered) {
    if (count > 1) fault(`${count} records of ${iso(timeMs)}`);
    if (timeMs <= owedAfterMs || timeMs > throughMs) continue;
    owed += 1;
    if (count === 0 && !history.retries.has(idOf(job.name, timeMs))) fault(`no record of ${iso(timeMs)}`);
  }
  const boots = job.name === "boot" ? records.filter(({ trigger }) => trigger !== "manual").length : 1;
  if (boots !== 1) fault(`it ran ${boots} times in one boot`);
  return { faults, owed, manual };
}

/** A retry's record does not say what had triggered the first attempt. */
function isManualRetry({ trigger, scheduledMs }: Record, covered: ReadonlyMap<number, number>): boolean {
  return trigger === "retry" && covered.size > 0 && !covered.has(scheduledMs);
}

function judgeTriggers({ history, triggered }: Evidence): string[] {
  const known = new Set(history.records.map(({ job, scheduledMs }) => idOf(job, scheduledMs)));
  return [...triggered]
    .filter((id) => !known.has(id) && !history.retries.has(id))
    .map((id) => `no record of ${id}, which was triggered`);
}

/** What handlers and hooks have written, and what the records say of it. */
function judgeTraces({ history, traces }: Evidence): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  const ends = new Map<string, string>();
  for (const { what, id, attempt, note } of traces) {
    const key =
      what === "H"
        ? `the hook ${note} of ${id}`
        : `${what === "B" ? "the begin" : "the end"} of attempt ${attempt} of ${id}`;
    // A time that was skipped comes again if the clock is set back before it, and may be skipped again.
    if (seen.has(key) && note !== "skip") faults.push(`twice: ${key}`);
    seen.add(key);
    if (what === "E") ends.set(`${id} ${attempt}`, note);
  }
  const records = new Map(history.records.map((record) => [idOf(record.job, record.scheduledMs), record]));
  for (const { what, id } of traces) {
    if (what !== "B") continue;
    const record = records.get(id);
    if (record === undefined) {
      if (!history.retries.has(id)) faults.push(`${id} has begun, and has no record`);
    } else if (record.outcome === "skipped")
      faults.push(`${id} has begun, and its record says: skipped (${record.reason})`);
  }
  for (const [id, { outcome, attempt }] of records) {
    const end = ends.get(`${id} ${attempt}`);
    if (outcome === "succeeded" && end !== "ok")
      faults.push(`${id} succeeded in attempt ${attempt}, which ended: ${end ?? "never"}`);
    if (outcome === "failed" && end !== "thrown")
      faults.push(`${id} failed in attempt ${attempt}, which ended: ${end ?? "never"}`);
  }
  return faults;
}

/** Whether two runs of a job went on at the same time where that must not be. */
function judgeOverlaps({ jobs, traces }: Evidence): string[] {
  const faults: string[] = [];
  const byJob = Map.groupBy(
    traces.filter(({ what }) => what !== "H"),
    ({ id }) => id.slice(0, id.lastIndexOf("@")),
  );
  for (const { name, options } of jobs) {
    if (options["overlap"] === "allow") continue;
    let going: Trace | null = null;
    for (const trace of byJob.get(name) ?? []) {
      if (trace.what === "E") {
        if (going?.id === trace.id) going = null;
      } else {
        // One that was killed never ends: nor does its process write any more.
        if (going !== null && going.pid === trace.pid)
          faults.push(`${trace.id} has begun while ${going.id} was going on`);
        going = trace;
      }
    }
  }
  return faults;
}

/**
 * A state that counts the successes of its job: each run must find what the one before has left, which in the same process may
 * not have been recorded yet, and in the next one must have been.
 */
function judgeStates({ jobs, history, traces }: Evidence): string[] {
  const faults: string[] = [];
  const records = new Map(history.records.map((record) => [idOf(record.job, record.scheduledMs), record]));
  const ofJob = Map.groupBy(
    traces.filter(({ what }) => what !== "H"),
    ({ id }) => id.slice(0, id.lastIndexOf("@")),
  );
  for (const { name, keepsState } of jobs) {
    if (!keepsState) continue;
    let recorded = 0;
    let [inProcess, pid] = [0, 0];
    for (const trace of ofJob.get(name) ?? []) {
      const { what, id, attempt, note } = trace;
      if (what === "E") {
        if (note === "ok" && trace.pid === pid) inProcess += 1;
        continue;
      }
      const expected = trace.pid === pid ? inProcess : recorded;
      if (Number(note) !== expected)
        faults.push(`attempt ${attempt} of ${id} found the state ${note}, not ${expected}`);
      [inProcess, pid] = [Number(note), trace.pid];
      const record = records.get(id);
      if (record?.outcome === "succeeded" && record.attempt === attempt) recorded = Number(note) + 1;
    }
  }
  return faults;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
