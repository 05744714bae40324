// How one record becomes lines of a log in text form. Pure.

export type Level = "debug" | "info" | "warn" | "error";

export interface LogRecord {
  readonly timeMs: number;
  readonly level: Level;
  /** The job inside whose run it was written. */
  readonly job: string | null;
  readonly message: string;
}

/**
 * `2026-11-21T09:30:00.000Z INFO  [job] message`, with its end of line. The lines after the first are indented, so that
 * no message can pass for the start of another record.
 */
export function formatLine({ timeMs, level, job, message }: LogRecord): string {
  const head = `${new Date(timeMs).toISOString()} ${levelTexts[level]} `;
  const text = message.includes("\n") ? message.replace(/\n/g, `\n${continuation}`) : message;
  return job === null ? `${head}${text}\n` : `${head}[${job}] ${text}\n`;
}

const levelTexts: Readonly<Record<Level, string>> = {
  debug: "DEBUG",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};
const continuation = "  ";
