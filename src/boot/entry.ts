// What an init system is to start at boot. The generators of this folder make its file from that and nothing else.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";

export interface BootEntry {
  readonly name: string;
  /** The djob executable: absolute, no link. */
  readonly djobPath: string;
  /** What follows `djob run`: flags and modules, every path absolute. Whether it daemonizes is the init system's matter. */
  readonly runArguments: readonly string[];
  /** What follows `djob stop NAME`, where its pidfile is not in the usual place. */
  readonly placeArguments: readonly string[];
  readonly environment: ReadonlyArray<readonly [name: string, value: string]>;
  /** The machine's, started as root, or that of the user who installs it. */
  readonly scope: "system" | "user";
  /** Directories that must be mounted before it starts. */
  readonly neededDirectories: readonly string[];
  /** Directories of its log and pidfile, where a flag has named them. */
  readonly writtenDirectories: readonly string[];
  /** djob takes another user's identity, so programs that are setuid may be what its jobs need. */
  readonly dropsPrivileges: boolean;
  /** It runs a crontab, whose commands may be anything. */
  readonly runsCrontab: boolean;
  /** Its arguments hold variables, which may be secrets. */
  readonly isPrivate: boolean;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/** In every file that djob writes: without it, a file is somebody else's and stays as it is. */
export const marker = "made by djob install";

/** What init systems call a daemon, so that it never is one of the machine's own services. */
export function unitName(name: string): string {
  return `djob-${name}`;
}

/** djob gets this long to end its own way, before the init system does it for it. */
export const graceMs = 5_000;

/** A line's end can't be quoted everywhere, and no path or value at boot needs one. @throws {DjobError} */
export function checkWords({ name, djobPath, runArguments, environment }: BootEntry): void {
  const words = [djobPath, ...runArguments, ...environment.map(([key, value]) => `${key}=${value}`)];
  const wrong = words.find((word) => /[\u0000-\u0008\u000a-\u001f\u007f]/.test(word) || !word.isWellFormed());
  if (wrong === undefined) return;
  throw new DjobError(
    exitCode.usage,
    `cannot install ${name}: ${JSON.stringify(wrong)} has a control character, which no init system's file can hold`,
    "give such a value in a file, with --env-file",
  );
}
