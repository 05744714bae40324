// The small process that a command becomes when it is to be another user, or gets a limit: what it is told, and what it
// tells. It is djob's own executable, which gives up root properly, and then becomes the program by execve.

/** How that process is started; the daemon knows. */
export interface CommandStage {
  readonly executable: string;
  readonly argv0: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the stage finds its request, a JSON text, and where it tells why not, another. The execve closes both. */
export const requestDescriptor = 3;
export const reportDescriptor = 4;

export interface StageRequest {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** null: it stays who it is. */
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    /** null: a number that no account has; then there are no further groups. */
    readonly name: string | null;
    readonly home: string;
    readonly shell: string;
  } | null;
  /** CPU time, in whole seconds. */
  readonly cpuSeconds: number | null;
}

/** What of it could not be done, and the system's name of the error, where it has one. */
export interface StageReport {
  readonly step: "become" | "directory" | "program";
  readonly code: string | null;
  readonly message: string;
  /** What a script that is there names in its first line. */
  readonly interpreter: string | null;
}

/** Pure: why a command could not be run. @param directory null: the daemon's own, which is gone */
export function whyNot({ step, code, message, interpreter }: StageReport, directory: string | null): string {
  if (step === "become") return message;
  if (step === "directory") {
    if (directory === null) return "the daemon's own directory is not there any more";
    if (code === "ENOENT") return `there is no directory ${directory}`;
    return code === "EACCES" ? `it may not enter the directory ${directory}` : message;
  }
  switch (code) {
    case "ENOENT":
      return interpreter === null
        ? "there is no such program"
        : `its interpreter ${JSON.stringify(interpreter)} is missing`;
    case "EACCES":
      return "it is not executable";
    case "E2BIG":
      return "its arguments and variables are too long for the system: is DJOB_INPUT, which it gets, long?";
    case "ENOEXEC":
      return "it is no program for this machine, and no script with a first line such as #!/bin/sh";
    default:
      return message;
  }
}
