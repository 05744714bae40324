// Why a module could not be loaded, in a form that goes over a pipe: what happened, and where in the user's own files.
// Reads Bun's three shapes of error: BuildMessage (syntax), ResolveMessage (a missing import) and whatever was thrown.
import { readFileSync } from "node:fs";
import { type Location, placeOfImport, placeOfImportedName } from "./loading/import-place.ts";

export interface ModuleFailure {
  /** The module on djob's command line that was being loaded. */
  readonly module: string | null;
  readonly message: string;
  readonly location: Location | null;
  /** The source line of the location. */
  readonly sourceLine: string | null;
  readonly stack: string | null;
  readonly hint: string | null;
  /** Several mistakes of one file, in place of a location. */
  readonly parts?: readonly ModuleFailure[];
}

/** A mistake in how a module uses djob, such as two jobs of one name. Told without djob's own frames. */
export class RegistrationError extends Error {
  override readonly name = "RegistrationError";
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

/** Of what throws again when it is looked at, as a Proxy may. */
export const unshowable = "something was thrown that can't be shown";

/** What was thrown while `module` was being loaded. */
export function failureOf(error: unknown, module: string | null): ModuleFailure {
  try {
    return failureOfThrown(error, module);
  } catch {
    return failure(module, unshowable, null);
  }
}

function failureOfThrown(error: unknown, module: string | null): ModuleFailure {
  const first = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  if (isBuildMessage(first)) return buildFailure(first, module);
  if (isResolveMessage(first)) return resolveFailure(first, module);
  if (!(first instanceof Error)) {
    return failure(module, `${Bun.inspect(first)} was thrown`, null, {
      hint: "throw an Error: it knows its place",
    });
  }
  // A module may have its own Error.prepareStackTrace, which makes what it likes.
  const stack = typeof first.stack === "string" ? userStack(first.stack) : "";
  const hint = "hint" in first && typeof first.hint === "string" ? first.hint : null;
  const own = hint !== null || first.name === "RegistrationError" || first.name === "ScheduleError";
  const message = own ? first.message : `${first.name}: ${first.message}`;
  const location = locationIn(stack) ?? missingExportPlace(first, module);
  return failure(module, message, location, { stack: own ? null : stack, hint: hint ?? importHint(first) });
}

/** What is wrong with how a module imports djob, where its error alone leaves a beginner guessing. */
function importHint({ message }: Error): string | null {
  const missing = /^(?:Can't find variable: )?(job|hooks|sockets)(?: is not defined)?$/.exec(message)?.[1];
  if (missing !== undefined) return `write at the module's top: import { ${missing} } from "djob"`;
  if (!/\bmodule 'djob'/.test(message)) return null;
  return 'djob exports job, hooks and sockets: import { job } from "djob"';
}

/** A failure with no error behind it. `stack` is where it happened, as an Error has it. */
export function failure(
  module: string | null,
  message: string,
  location: Location | null,
  { stack = null, hint = null }: { stack?: string | null; hint?: string | null } = {},
): ModuleFailure {
  return { module, message, location, sourceLine: location && sourceLineOf(location), stack, hint };
}

/** A module whose top-level await has not settled in time. */
export function notInTime(
  module: string | null,
  readyTimeoutMs: number,
  readyMeans = "every top-level await has settled",
): ModuleFailure {
  return failure(module, `it was not ready after ${readyTimeoutMs / 1000} s`, null, {
    hint: `ready means that ${readyMeans}; allow more time with --ready-timeout`,
  });
}

/** A module that has ended as soon as it was loaded. */
export function nothingToDo(module: string | null): ModuleFailure {
  const why = "there is nothing to do: no job was declared, and nothing keeps the event loop alive";
  const isScript = module === null || /\.[cm]?[jt]sx?$/.test(module);
  const hint = isScript
    ? 'declare one: import { job } from "djob"; job("name", "every 10s", async () => { … })'
    : "modules end in .ts or .js; a crontab is known by its name: crontab, or one that ends in .crontab or .cron";
  return failure(module, why, null, { hint });
}

/** Pure: the failure as lines for a person, the position first. */
export function describeFailure({
  module,
  message,
  location,
  sourceLine,
  stack,
  hint,
  parts,
}: ModuleFailure): string {
  const lines = [message];
  if (parts !== undefined)
    return [message, ...parts.map(describeFailure), ...(hint === null ? [] : [`hint: ${hint}`])].join("\n");
  if (location !== null) lines.push(`  at ${location.file}:${location.line}:${location.column}`);
  else if (module !== null) lines.push(`  in ${module}`);
  if (location !== null && sourceLine !== null) {
    const number = `${location.line}`;
    const caret = sourceLine.slice(0, location.column - 1).replace(/[^\t]/g, " ");
    lines.push(`  ${number} | ${sourceLine}`, `  ${" ".repeat(number.length)} | ${caret}^`);
  }
  const frames = stack === null ? [] : stack.split("\n").filter((line) => /^\s+at /.test(line));
  if (frames.length > 1) lines.push(...frames);
  if (hint !== null) lines.push(`hint: ${hint}`);
  return lines.join("\n");
}

/** Pure: a stack without the frames of djob and of Bun itself. */
export function userStack(stack: string): string {
  return stack
    .split("\n")
    .filter(
      (line) =>
        !/^\s+at .*(\/\$bunfs\/|\/node_modules\/djob\/|\/djob-test-\w+\/|\bnode:|\bbun:|\bnative\b|\(unknown\))/.test(
          line,
        ),
    )
    .join("\n");
}

/**
 * Pure: an error as node:util shows it, without the frames of djob and of Bun, whose places are no absolute paths. If it
 * has no others, the error is djob's own, and keeps them.
 */
export function withoutOwnFrames(text: string): string {
  const shown = text.replace(
    /\n +at (?:[^\n(]*\()?(?:src\/|node:|bun:|\/[^\n]*\/(?:node_modules\/djob|djob-test-\w+)\/)[^\n]*?(?= \{\n|\n|$)/g,
    "",
  );
  return /\n +at /.test(shown) ? shown : text;
}

/** Pure: the first place that a stack names. */
export function locationIn(stack: string): Location | null {
  const match = /^\s+at (?:.*\()?(\/[^\n]*?):(\d+):(\d+)\)?$/m.exec(stack);
  if (match === null) return null;
  return { file: match[1] ?? "", line: Number(match[2]), column: Number(match[3]) };
}

interface BuildMessageLike {
  readonly message: string;
  readonly position: { file: string; line: number; column: number } | null;
}

interface ResolveMessageLike {
  readonly message: string;
  /** Only from the bundler. */
  readonly position: BuildMessageLike["position"];
  readonly specifier: string;
  readonly referrer: string;
}

function isBuildMessage(error: unknown): error is BuildMessageLike {
  return typeof error === "object" && error !== null && Reflect.get(error, "name") === "BuildMessage";
}

function isResolveMessage(error: unknown): error is ResolveMessageLike {
  return typeof error === "object" && error !== null && Reflect.get(error, "name") === "ResolveMessage";
}

function buildFailure({ message, position }: BuildMessageLike, module: string | null): ModuleFailure {
  const location = position && placeOfMessage(position);
  return failure(module, `syntax error: ${message}`, location);
}

function placeOfMessage({ file, line, column }: NonNullable<BuildMessageLike["position"]>): Location {
  return { file, line, column };
}

function resolveFailure(error: ResolveMessageLike, module: string | null) {
  const { specifier, referrer, message, position } = error;
  const found = referrer.startsWith("/$bunfs/") ? null : placeOfImport(referrer, specifier);
  const location = position === null ? found : placeOfMessage(position);
  const name = packageOf(specifier);
  const hint =
    name === null ? null : `install it beside the module (bun add ${name}); djob never downloads anything`;
  return failure(module, message.replace(/ imported from .*$/s, ""), location, { hint });
}

/** Pure: the package that a specifier names; null for a path, an alias or a built-in module. */
function packageOf(specifier: string): string | null {
  return /^(?:@[a-z0-9-][\w.-]*\/)?[a-z0-9-][\w.-]*(?=\/|$)/.exec(specifier)?.[0] ?? null;
}

/** The linker's error about a name that a module does not export has no stack. */
function missingExportPlace({ message }: Error, module: string | null): Location | null {
  const match = /^Export named '(.+)' not found in module '(.+)'\.$/s.exec(message);
  if (match === null || module === null) return null;
  return placeOfImportedName(module, match[1] ?? "", match[2] ?? "");
}

function sourceLineOf({ file, line }: Location): string | null {
  try {
    const text = readFileSync(file, "utf8").split("\n")[line - 1];
    return text === undefined || text.length > 200 ? null : text;
  } catch {
    return null;
  }
}
