// What a daemon is to be: one plain object, made once by the launcher from the flags, and handed down the chain
// unchanged. No later stage looks at a flag again.
import { basename } from "node:path";
import { exitCode } from "../exit-code.ts";
import { DjobError } from "./error.ts";
import type { Paths } from "./paths.ts";
import type { Privileges } from "./privileges.ts";

export const specVersion = 1;

export interface Spec {
  readonly version: typeof specVersion;
  readonly name: string;
  /** Absolute paths. */
  readonly modules: readonly string[];
  readonly paths: Paths;
  readonly foreground: boolean;
  /** null: where the launcher was (in the foreground only). */
  readonly workingDirectory: string | null;
  /** null: the launcher's (in the foreground only). */
  readonly umask: number | null;
  readonly timeZone: string | null;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** null: those of whoever starts it. */
  readonly privileges: Privileges | null;
}

export const defaults = {
  umask: 0o022,
  workingDirectory: "/",
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
} as const;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws {DjobError} if a name could not be a file's name in every directory of a daemon */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new DjobError(
    exitCode.usage,
    `cannot use the name ${JSON.stringify(name)}: a name has 1 to 64 letters, digits, dots, dashes and underscores, and starts with a letter or a digit`,
    "choose another with --name",
  );
}

/** The name of a daemon that was given none: its first module's file name without its ending. */
export function nameOfModule(module: string): string {
  return checkName(basename(module).replace(/\.[^.]+$/, ""));
}

export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** What one process writes to the next. */
export function encodeSpec(spec: Spec): string {
  return JSON.stringify(spec);
}

/** A spec goes through a pipe that nobody reads yet (pipe(7): it holds 64 KiB). @throws {DjobError} if it is too long */
export function checkSpecSize(spec: Spec): void {
  const size = Buffer.byteLength(encodeSpec(spec));
  if (size <= maximumSpecBytes) return;
  throw new DjobError(
    exitCode.usage,
    `cannot start ${spec.name}: its modules' paths are too long (${size} bytes, at most ${maximumSpecBytes} together)`,
    "import some of the modules from another one",
  );
}

const maximumSpecBytes = 60_000;

/** @throws {Error} if the text is not a spec that this version wrote */
export function decodeSpec(text: string): Spec {
  return restoreSpec(JSON.parse(text));
}

/** The same for one that is parsed already. @throws {DjobError} if another version of djob made it */
export function restoreSpec(value: unknown): Spec {
  const version = typeof value === "object" && value !== null ? Reflect.get(value, "version") : undefined;
  if (version === specVersion) return value as Spec;
  throw new DjobError(
    exitCode.failed,
    `cannot use a spec of version ${version}: this djob makes version ${specVersion}`,
    "stop the daemon with the djob that started it, and start it anew",
  );
}
