// What comes before a record's message: the same for many records of one millisecond, and so made once for all of them. Pure.
import type { Level, LogRecord, RecordRun } from "../line.ts";

/** @param make of a record's time, level, job, run and attempt alone */
export function cachedHead(make: (record: LogRecord) => string): (record: LogRecord) => string {
  let lastMs = Number.NaN;
  let lastLevel: Level = "debug";
  let lastJob: string | null = null;
  let lastRun: RecordRun | null = null;
  let lastAttempt = 0;
  let head = "";
  return (record) => {
    const { timeMs, level, job, run = null } = record;
    const attempt = run?.attempt ?? 0;
    if (
      timeMs !== lastMs ||
      level !== lastLevel ||
      job !== lastJob ||
      run !== lastRun ||
      attempt !== lastAttempt
    ) {
      head = make(record);
      lastMs = timeMs;
      lastLevel = level;
      lastJob = job;
      lastRun = run;
      lastAttempt = attempt;
    }
    return head;
  };
}
