// One record of a log, and the words for its level and time. Pure.

export const levels = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof levels)[number];

/** Whether a record of the one level counts for less than one of the other. */
export function isBelow(level: Level, other: Level): boolean {
  return levels.indexOf(level) < levels.indexOf(other);
}

/** The run that a record was written in. */
export interface RecordRun {
  readonly job: string;
  /** `job@scheduledTime` */
  readonly id: string;
  readonly attempt: number;
}

export interface LogRecord {
  readonly timeMs: number;
  readonly level: Level;
  /** The job inside whose run it was written. */
  readonly job: string | null;
  /** null: it speaks of no run, or only of a job. */
  readonly run?: RecordRun | null;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>> | null;
  /** Whatever was thrown; undefined: nothing. */
  readonly error?: unknown;
}

/** Whether there is nothing but its message to tell. */
export function isMessage({ fields = null, error }: LogRecord): boolean {
  return fields === null && error === undefined;
}

/** ISO 8601 in UTC with milliseconds. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** As wide as each other. */
export const levelTexts: Readonly<Record<Level, string>> = {
  debug: "DEBUG",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};
