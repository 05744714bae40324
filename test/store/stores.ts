// Stores for tests: in a directory of their own, with a clock that stands still and background work that runs when it is told to.
import { type Connect, type Connection, loadSqlite } from "../../src/store/sqlite/connection.ts";
import { SqliteStore, type StoreOptions } from "../../src/store/sqlite/store.ts";
import type { Decision, Ended, Trouble } from "../../src/store/store.ts";
import { scratch } from "../scratch.ts";

export const connect = await loadSqlite();
export const startMs = Date.UTC(2026, 0, 1);

export interface Opened {
  readonly store: SqliteStore;
  readonly troubles: Array<Trouble | null>;
  /** Does all that was to be done later. */
  settle(): void;
  /** Moves both clocks. */
  pass(timeMs: number): void;
  nowMs(): number;
}

export function directory(): string {
  return scratch("store");
}

export function openIn(
  path: string,
  options: Partial<StoreOptions> = {},
  connectWith: Connect = connect,
): Opened {
  const troubles: Array<Trouble | null> = [];
  const calls: Array<() => void> = [];
  let passedMs = 0;
  const store = new SqliteStore(
    {
      path,
      owner: 100,
      keepRuns: 1_000,
      keepForMs: null,
      now: () => startMs + passedMs,
      monotonic: () => passedMs,
      later: (call) => calls.push(call),
      onTrouble: (trouble) => troubles.push(trouble),
      ...options,
    },
    connectWith,
  );
  return {
    store,
    troubles,
    settle: () => {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) call();
    },
    pass: (timeMs) => {
      passedMs += timeMs;
    },
    nowMs: () => startMs + passedMs,
  };
}

export function declared(count: number) {
  return Array.from({ length: count }, (_, at) => ({ name: `job-${at}`, schedule: "every 1s" }));
}

export function decision(
  jobs: readonly number[],
  scheduledAtMs: number,
  rest: Partial<Decision> = {},
): Decision {
  return {
    scheduledAtMs,
    decidedAtMs: scheduledAtMs + 1,
    attempt: 1,
    trigger: "schedule",
    skipped: null,
    jobs,
    ...rest,
  };
}

export function ended(key: number, scheduledAtMs: number, rest: Partial<Ended> = {}): Ended {
  const nothing = { reason: null, error: null, exitCode: null, signal: null, result: null };
  return {
    ...{
      key,
      scheduledAtMs,
      startedAtMs: scheduledAtMs + 1,
      endedAtMs: scheduledAtMs + 5,
      throughMs: scheduledAtMs,
    },
    ...{ attempt: 1, trigger: "schedule", outcome: "succeeded", times: 1 },
    ...nothing,
    ...rest,
  };
}

/** A connection whose calls fail while `fails` says so. */
export function failing(fails: (sql: string) => string | null): Connect {
  const checked = (sql: string) => {
    const code = fails(sql);
    if (code !== null) throw Object.assign(new Error("injected"), { code });
    return sql;
  };
  return (path) => {
    const real = connect(path);
    const connection: Connection = {
      run: (sql, ...values) => real.run(checked(sql), ...values),
      insert: (sql, ...values) => real.insert(checked(sql), ...values),
      rows: (sql, ...values) => real.rows(checked(sql), ...values),
      atomically: (call) => {
        checked("BEGIN");
        return real.atomically(call);
      },
      close: () => real.close(),
    };
    return connection;
  };
}
