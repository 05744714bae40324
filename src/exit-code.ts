// The one place of djob's exit codes: 1 to 7 are the Linux Standard Base's for init-script actions, and
// `djob status` uses the Base's own codes for that action. Help and README are made from these tables.

/** What a command's exit status means. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notPermitted: 4,
  notRunning: 7,
  alreadyRunning: 8,
  notReady: 9,
  bug: 70,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export const exitCodeMeanings: ReadonlyArray<readonly [ExitCode, string]> = [
  [exitCode.done, "done"],
  [exitCode.failed, "the operation failed"],
  [exitCode.usage, "usage: unknown flag or command, bad value"],
  [exitCode.notPermitted, "not permitted"],
  [exitCode.notRunning, "not running (0 with --ok)"],
  [exitCode.alreadyRunning, "already running (0 with --ok)"],
  [exitCode.notReady, "the daemon did not become ready"],
  [exitCode.bug, "a bug in djob"],
];

/** `djob status NAME`, after LSB 5.0, section 22.2. */
export const statusCode = {
  running: 0,
  deadWithPidfile: 1,
  notRunning: 3,
  unknown: 4,
} as const;

export const statusCodeMeanings: ReadonlyArray<readonly [number, string]> = [
  [statusCode.running, "running"],
  [statusCode.deadWithPidfile, "dead, and its pidfile exists"],
  [statusCode.notRunning, "not running"],
  [statusCode.unknown, "unknown"],
];
