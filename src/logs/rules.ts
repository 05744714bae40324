// What a daemon's log is to be, as its spec says it. Data only.
import type { Form } from "./form/form.ts";
import type { Level } from "./line.ts";

export interface LogRules {
  readonly target: LogTarget;
  readonly form: Form;
  /** What is below it is not written. */
  readonly level: Level;
  /** Whether each job has a file of its own. */
  readonly perJob: boolean;
  /** How many records a job may write within a second; null: any number. */
  readonly linesPerSecond: number | null;
  /** null: djob does not rotate it. */
  readonly rotation: RotationRules | null;
}

export type LogTarget =
  | { readonly type: "file" }
  /** Standard output, in the foreground. */
  | { readonly type: "stdout" }
  | { readonly type: "none" }
  | { readonly type: "journald" }
  | { readonly type: "syslog"; readonly facility: Facility };

export interface RotationRules {
  /** null: however large. */
  readonly maximumBytes: number | null;
  /** null: however old. */
  readonly maximumAgeMs: number | null;
  /** How many of the older files are kept. */
  readonly keep: number;
  readonly compression: Compression;
  /** Of all of the daemon's logs together; null: any. */
  readonly totalBytes: number | null;
}

export const compressions = ["gzip", "zstd", "none"] as const;
export type Compression = (typeof compressions)[number];

/** RFC 5424, 6.2.1: in the order of their numbers; those between ftp and local0 are not for daemons. */
export const facilities = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof facilities;
