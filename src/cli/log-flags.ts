// Flags on a daemon's log: where it goes, in which form, and how long what is old is kept.
import type { ParsedArgs } from "citty";
import { DjobError } from "../daemon/error.ts";
import type { Paths } from "../daemon/paths.ts";
import { defaults } from "../daemon/spec.ts";
import { exitCode } from "../exit-code.ts";
import { type Form, forms } from "../logs/form/form.ts";
import { type Level, levels } from "../logs/line.ts";
import { looksSecret, type RedactionRules } from "../logs/redact.ts";
import {
  type Compression,
  compressions,
  type Facility,
  facilities,
  type LogRules,
  type LogTarget,
  type RotationRules,
} from "../logs/rules.ts";
import { formatSize, parseSize } from "../runtime/size.ts";
import { type CommandInput, isSet, type RepeatableArg, textOf } from "./command.ts";
import { absolutePath, durationOf, oneOf } from "./flags.ts";

const usual = defaults.rotation;
/** What --log says besides a file: `--log ./none` is a file of that name. */
const targetWords = /^(?:-|none|journald|syslog(?::.*)?)$/;

export const logFlags: Readonly<Record<string, RepeatableArg>> = {
  log: {
    type: "string",
    valueHint: "FILE",
    description: "its log: a file, journald, syslog[:FACILITY], - (standard output), or none",
    isPath: true,
    exceptWords: targetWords,
  },
  "log-err": {
    type: "string",
    valueHint: "FILE",
    description: "a log of its own for standard error",
    isPath: true,
  },
  "log-split": { type: "boolean", description: "the same, as NAME.err.log beside its log" },
  "log-per-job": { type: "boolean", description: "a file for each job, NAME.jobs/JOB.log beside its log" },
  "log-format": {
    type: "string",
    valueHint: "FORM",
    description: `text (default), json or logfmt`,
  },
  "log-level": {
    type: "string",
    valueHint: "LEVEL",
    description: "leave out what is below it: debug (default), info, warn or error",
  },
  "log-rate": {
    type: "string",
    valueHint: "N",
    description: "how many lines a second a job may write (default: any number)",
  },
  redact: {
    type: "string",
    valueHint: "REGEX",
    description: "mask what matches in all that djob says of it; may be repeated",
    repeatable: true,
  },
  "log-max-size": {
    type: "string",
    valueHint: "SIZE",
    description: `rotate a file that has become so large, or none (default: ${formatSize(usual.maximumBytes)})`,
  },
  "log-max-age": {
    type: "string",
    valueHint: "TIME",
    description: "rotate a file that was begun so long ago, such as 1d (default: however long)",
  },
  "log-keep": {
    type: "string",
    valueHint: "N",
    description: `how many rotated files are kept (default: ${usual.keep})`,
  },
  "log-compress": {
    type: "string",
    valueHint: "METHOD",
    description: `of rotated files: ${compressions.join(", ")} (default: ${usual.compression})`,
  },
  "log-total": {
    type: "string",
    valueHint: "SIZE",
    description: "how large all of its logs may be together, such as 1G (default: any size)",
  },
};

const rotationFlags = ["log-max-size", "log-max-age", "log-keep", "log-compress", "log-total"] as const;
const smallestBytes = 4_096;
const mostKept = 100_000;
const mostLines = 1_000_000_000;

export interface LogPlan {
  readonly rules: LogRules;
  readonly paths: Pick<Paths, "log" | "logErr">;
}

/**
 * @param usualLog where the log would be without flags
 * @param fixed why the log can't be rotated by the processes that write it; null: it can
 * @throws {DjobError} with exit code 2
 */
export function planLog(
  { args }: CommandInput,
  usualLog: string | null,
  foreground: boolean,
  fixed: { readonly why: string; readonly isEnclosed: boolean } | null,
): LogPlan {
  const given = textOf(args, "log");
  const target = targetOf(given, foreground);
  const isService = target.type === "journald" || target.type === "syslog";
  if (isService && fixed?.isEnclosed)
    throw misuse(`--log ${target.type}: its socket can't be reached from inside a chroot`, "log to a file");
  const log = target.type !== "file" ? null : given === null ? usualLog : absolutePath(given);
  const logErr = errorLogOf(args, log);
  const perJob = isSet(args, "log-per-job");
  if (perJob && log === null) throw misuse("--log-per-job needs a file", "add --log FILE");
  if (perJob && fixed !== null) throw misuse(`--log-per-job: ${fixed.why}`, "leave it out");
  return {
    paths: { log, logErr },
    rules: {
      target,
      form: oneOf<Form>(args, "log-format", forms) ?? defaults.logForm,
      level: oneOf<Level>(args, "log-level", levels) ?? defaults.logLevel,
      perJob,
      linesPerSecond: countOf(args, "log-rate", 1, mostLines, "1000"),
      rotation: rotationOf(args, log === null ? "only a file is rotated" : (fixed?.why ?? null)),
    },
  };
}

/** `worker.err.log` for `worker.log`. */
export function splitPath(log: string): string {
  return `${log.replace(/\.log$/, "")}.err.log`;
}

function targetOf(text: string | null, foreground: boolean): LogTarget {
  if (text === null) return { type: foreground ? "stdout" : "file" };
  if (text === "none" || text === "journald") return { type: text };
  if (text === "-") {
    if (foreground) return { type: "stdout" };
    throw misuse("--log - needs --foreground: in the background there is no standard output", "add it");
  }
  const [, facility] = /^syslog(?::(.*))?$/.exec(text) ?? [null, null];
  if (facility === null) return { type: "file" };
  const name = facility ?? "daemon";
  if (Object.hasOwn(facilities, name)) return { type: "syslog", facility: name as Facility };
  throw misuse(
    `--log ${text}: there is no facility ${JSON.stringify(name)}`,
    `use one of ${Object.keys(facilities).join(", ")}`,
  );
}

function errorLogOf(args: ParsedArgs, log: string | null): string | null {
  const given = textOf(args, "log-err");
  const isSplit = isSet(args, "log-split");
  if (given === null && !isSplit) return null;
  if (given !== null && isSplit)
    throw misuse("--log-err and --log-split say the same twice", "leave one out");
  if (log === null)
    throw misuse(`--log-${isSplit ? "split" : "err"} needs a file as --log`, "add --log FILE");
  return given === null ? splitPath(log) : absolutePath(given);
}

function rotationOf(args: ParsedArgs, whyNot: string | null): RotationRules | null {
  if (whyNot !== null) {
    for (const flag of rotationFlags)
      if (textOf(args, flag) !== null) throw misuse(`--${flag}: ${whyNot}`, "leave it out");
    return null;
  }
  const size = textOf(args, "log-max-size");
  const maximumBytes = size === "none" ? null : (sizeOf(args, "log-max-size", "64M") ?? usual.maximumBytes);
  const totalBytes = sizeOf(args, "log-total", "1G");
  if (totalBytes !== null && totalBytes < 2 * (maximumBytes ?? smallestBytes) && size !== null)
    throw misuse("--log-total is less than twice --log-max-size", "make it larger, or the files smaller");
  return {
    maximumBytes,
    maximumAgeMs: durationOf(args, "log-max-age"),
    keep: countOf(args, "log-keep", 0, mostKept, String(usual.keep)) ?? usual.keep,
    compression: oneOf<Compression>(args, "log-compress", compressions) ?? usual.compression,
    totalBytes,
  };
}

/**
 * @param fromFiles the variables that the files of --env-file set
 * @throws {DjobError} with exit code 2
 */
export function redactionOf(patterns: readonly string[], fromFiles: readonly string[]): RedactionRules {
  for (const pattern of patterns) {
    try {
      new RegExp(pattern, "g");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw misuse(`--redact ${JSON.stringify(pattern)}: ${why}`, "write --redact 'sk-[a-z0-9]+'");
    }
  }
  return { patterns, variables: [...new Set(fromFiles.filter(looksSecret))] };
}

function sizeOf(args: ParsedArgs, flag: string, example: string): number | null {
  const text = textOf(args, flag);
  if (text === null) return null;
  const bytes = parseSize(text);
  if (bytes !== null && bytes >= smallestBytes) return bytes;
  throw misuse(
    `--${flag} ${JSON.stringify(text)} is not a number of bytes from 4K on, with K, M, G or T if you like`,
    `write --${flag} ${example}`,
  );
}

function countOf(
  args: ParsedArgs,
  flag: string,
  least: number,
  most: number,
  example: string,
): number | null {
  const text = textOf(args, flag);
  if (text === null) return null;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (count >= least && count <= most) return count;
  throw misuse(
    `--${flag} ${JSON.stringify(text)} is no number from ${least} to ${most}`,
    `write --${flag} ${example}`,
  );
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
