// Flags that several commands share.

import { resolve } from "node:path";
import type { ParsedArgs } from "citty";
import { longestTimeoutMs } from "../control/messages.ts";
import { DjobError } from "../daemon/error.ts";
import { type Place, placeOf } from "../daemon/finding/locate.ts";
import type { Directories } from "../daemon/paths.ts";
import { checkName } from "../daemon/spec.ts";
import { ownDirectories } from "../daemon/surroundings.ts";
import { exitCode } from "../exit-code.ts";
import { formatDuration, parseDuration } from "../schedule/duration.ts";
import type { RepeatableArg } from "./command.ts";
import { textOf } from "./command.ts";
import { nearest } from "./strict.ts";

export const jsonFlag: RepeatableArg = {
  type: "boolean",
  description: "print one JSON document and nothing else",
};

export const okFlag: RepeatableArg = {
  type: "boolean",
  description: "exit 0 also when there was nothing to do (codes 7 and 8)",
};

export const stopTimeoutFlag: RepeatableArg = {
  type: "string",
  valueHint: "TIME",
  description: "kill it after that long (default: what it was started with)",
};

export const nameArgument: RepeatableArg = {
  type: "positional",
  description: "the daemon's name",
  required: true,
};

export const jobArgument: RepeatableArg = {
  type: "positional",
  description: "the job's name",
  required: true,
};

export const zoneFlag: RepeatableArg = {
  type: "string",
  valueHint: "ZONE",
  description: "an IANA time zone, such as Europe/Berlin (default: TZ, or this machine's)",
};

/** Where to look for a daemon, or put its files. */
export const placeFlags: Readonly<Record<string, RepeatableArg>> = {
  dir: {
    type: "string",
    valueHint: "DIR",
    description: "the directory of all its files (also DJOB_DIR)",
    isPath: true,
  },
  pidfile: { type: "string", valueHint: "FILE", description: "its pidfile", isPath: true },
};

/** @throws {DjobError} if the current directory, which a relative path needs, is gone */
export function absolutePath(path: string): string {
  if (path.startsWith("/")) return resolve(path);
  try {
    return resolve(process.cwd(), path);
  } catch {
    throw new DjobError(
      exitCode.usage,
      `cannot resolve ${path}: the current directory was removed`,
      "go to another directory, or give an absolute path",
    );
  }
}

export function directoriesOf(args: ParsedArgs): Directories {
  const dir = textOf(args, "dir");
  return ownDirectories(dir === null ? null : absolutePath(dir));
}

export function placeIn(directories: Directories, args: ParsedArgs, name: string): Place {
  const pidfile = textOf(args, "pidfile");
  return placeOf(checkName(name), directories, pidfile === null ? null : absolutePath(pidfile));
}

/** One of some words. @throws {DjobError} naming the flag */
export function oneOf<Word extends string>(
  args: ParsedArgs,
  flag: string,
  known: readonly Word[],
): Word | null {
  const text = textOf(args, flag);
  const found = known.find((word) => word === text);
  if (text === null || found !== undefined) return found ?? null;
  throw new DjobError(
    exitCode.usage,
    `cannot use --${flag} ${JSON.stringify(text)}: it is none of ${known.join(", ")}`,
    `write --${flag} ${nearest(text, known) ?? known[0]}`,
  );
}

/** A timeout in milliseconds. @throws {DjobError} naming the flag */
export function durationOf(args: ParsedArgs, flag: string): number | null {
  const text = textOf(args, flag);
  if (text === null) return null;
  try {
    const durationMs = parseDuration(text);
    if (durationMs <= longestTimeoutMs) return durationMs;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DjobError(exitCode.usage, `cannot use --${flag}: ${message}`, `write --${flag} 30s`);
  }
  const longest = formatDuration(longestTimeoutMs);
  throw new DjobError(exitCode.usage, `cannot use --${flag} ${text}: it is longer than ${longest}`);
}
