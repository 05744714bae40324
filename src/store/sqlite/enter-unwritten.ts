// Making jobs known while nothing can be written: from what the database says, if it can be read, and what waits to be written.
import { datedRight } from "../records.ts";
import type { JobMemory, SetBack } from "../store.ts";
import type { Connection } from "./connection.ts";
import { type Declared, readKnown } from "./enter.ts";
import { nextKey, type RealKeys } from "./real-keys.ts";
import { type JobRow, newMemory } from "./rows.ts";
import type { NewJob, Write } from "./write.ts";
import { accountedBy, knownBy } from "./writes.ts";

/** What a database says of jobs; null: it can't be read. */
export interface Readable {
  readonly rows: ReadonlyMap<string, JobRow>;
  /** The first key that it has not given. */
  readonly nextKey: number;
}

export function readJobs(
  connection: Connection,
  jobs: readonly Declared[],
  nowMs: number,
  keys: RealKeys,
): Readable {
  const rows = readKnown(connection, jobs, nowMs);
  const arrivals = connection.rows(
    `SELECT first + job.key, job.value ->> 0, job.value ->> 1, entered FROM arrivals, json_each(arrivals.jobs) AS job`,
  );
  for (const [key, name, schedule, entered] of arrivals) {
    if (rows.has(String(name))) continue;
    const memory = newMemory(Number(key), Number(entered));
    rows.set(String(name), { memory, name: String(name), schedule: String(schedule), kept: 0 });
  }
  const own = new Map<string, JobRow>();
  for (const [name, row] of rows)
    own.set(name, { ...row, memory: { ...row.memory, key: keys.ownOf(row.memory.key) } });
  return { rows: own, nextKey: nextKey(connection) };
}

/** Beyond the keys that databases give, where none can be asked. */
const firstUnread = 2 ** 30;

/** The jobs that this process has made known, and the keys that it has given. */
export class GivenKeys {
  readonly #keyOf = new Map<string, number>();
  #highest = 0;

  constructor(known: Iterable<readonly [key: number, job: Declared]>) {
    for (const [key, { name }] of known) this.add(key, name);
  }

  add(key: number, name: string): void {
    this.#keyOf.set(name, key);
    this.#highest = Math.max(this.#highest, key);
  }

  keyOf(name: string): number | undefined {
    return this.#keyOf.get(name);
  }

  next(readable: Readable | null): number {
    return Math.max(this.#highest + 1, readable?.nextKey ?? firstUnread);
  }
}

export interface EnteredUnwritten {
  readonly memories: JobMemory[];
  readonly kept: number[];
  /** To be written when that can be done, before anything else of these jobs. */
  readonly writes: readonly Write[];
}

/** Pure, but that it gives keys. @param waiting what is to be written, in order */
export function enterUnwritten(
  jobs: readonly Declared[],
  nowMs: number,
  readable: Readable | null,
  given: GivenKeys,
  waiting: readonly Write[],
): EnteredUnwritten {
  const arrived: NewJob[] = [];
  const rows = jobs.map(({ name, schedule }): JobRow => {
    const known = readable?.rows.get(name);
    const key = given.keyOf(name) ?? known?.memory.key;
    if (key !== undefined) {
      given.add(key, name);
      const row = known ?? { memory: newMemory(key, 0), name, schedule, kept: 0 };
      return { ...row, memory: { ...row.memory, key } };
    }
    const added = given.next(readable);
    given.add(added, name);
    arrived.push({ key: added, name, schedule, accountedMs: nowMs });
    return { memory: newMemory(added, nowMs), name, schedule, kept: 0 };
  });
  const isNew = new Set(arrived.map((job) => job.key));
  const all = new Map(rows.map((row) => [row.memory.key, row]));
  if (all.size > isNew.size) for (const write of waiting) overlay(all, write);
  const writes: Write[] = arrived.length === 0 ? [] : [{ type: "jobs", jobs: arrived }];
  const entered = jobs.map(({ schedule }, index) => {
    const row = all.get(rows[index]?.memory.key ?? 0) ?? rows[index];
    if (row === undefined) throw new Error("a job has no row");
    if (row.schedule === schedule) return row;
    const accountedMs = Math.max(row.memory.accountedMs, nowMs);
    writes.push({ type: "schedule", key: row.memory.key, schedule, accountedMs });
    return { ...row, memory: { ...row.memory, accountedMs } };
  });
  return { memories: entered.map(({ memory }) => memory), kept: entered.map(({ kept }) => kept), writes };
}

/** What a row will be once this is written. */
function overlay(rows: Map<number, JobRow>, write: Write): void {
  const change = (key: number, memory: Partial<JobMemory>, rest: Partial<JobRow> = {}) => {
    const row = rows.get(key);
    if (row !== undefined) rows.set(key, { ...row, ...rest, memory: { ...row.memory, ...memory } });
  };
  const raise = (key: number, accountedMs: number, knownMs: number) => {
    const { memory } = rows.get(key) ?? {};
    change(key, {
      accountedMs: Math.max(memory?.accountedMs ?? 0, accountedMs),
      knownMs: Math.max(memory?.knownMs ?? 0, knownMs),
    });
  };
  const account = (key: number, of: Parameters<typeof accountedBy>[0]) =>
    raise(key, accountedBy(of), knownBy(of));
  switch (write.type) {
    case "jobs":
      for (const { key, schedule, accountedMs } of write.jobs)
        if ((rows.get(key)?.memory.accountedMs ?? 0) === 0)
          change(key, { accountedMs, knownMs: accountedMs }, { schedule });
      return;
    case "schedule":
      raise(write.key, write.accountedMs, write.accountedMs);
      change(write.key, {}, { schedule: write.schedule });
      return;
    case "decision":
    case "records": {
      const { decision } = write.type === "decision" ? write.open : write.of;
      const { trigger, scheduledAtMs, decidedAtMs } = decision;
      const of = { trigger, scheduledAtMs, throughMs: scheduledAtMs, endedAtMs: decidedAtMs };
      for (const key of decision.jobs) if (rows.has(key)) account(key, of);
      return;
    }
    case "ended": {
      const { ended } = write;
      account(ended.key, ended);
      if (ended.outcome === "skipped") return;
      const { scheduledAtMs, startedAtMs, endedAtMs, outcome, state } = ended;
      const hasSucceeded = outcome === "succeeded";
      change(ended.key, {
        last: { scheduledAtMs, startedAtMs, endedAtMs, outcome },
        ...(hasSucceeded ? { lastSuccessMs: endedAtMs } : {}),
        ...(hasSucceeded && state !== undefined ? { state } : {}),
      });
      return;
    }
    case "folded":
      for (const [key, { accountedMs, knownMs, last, lastSuccessMs, state }] of write.jobs) {
        if (!rows.has(key)) continue;
        raise(key, accountedMs, knownMs);
        change(key, {
          ...(last === null ? {} : { last }),
          ...(lastSuccessMs === null ? {} : { lastSuccessMs }),
          ...(state === null ? {} : { state }),
        });
      }
      return;
    case "retry":
      if (write.retry.origin !== "manual") raise(write.retry.key, 0, write.retry.scheduledAtMs);
      return;
    case "set back":
      for (const [key, { memory }] of rows) change(key, afterSetBack(memory, write.step));
      return;
    case "pause":
      change(write.key, { pausedAtMs: write.pausedAtMs });
      return;
    case "boot":
      change(write.key, { bootId: write.bootId });
      return;
    case "arrivals":
      return;
  }
}

/** `knownMs` stays: after that none has a record, and before it the records themselves are asked. */
function afterSetBack(
  { accountedMs, lastSuccessMs }: JobMemory,
  { toMs, nowMs, byMs }: SetBack,
): Partial<JobMemory> {
  return {
    accountedMs: Math.min(accountedMs, toMs),
    lastSuccessMs: datedRight(lastSuccessMs, nowMs, byMs),
  };
}
