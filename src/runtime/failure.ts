// Why a module could not be loaded, in a form that goes over a pipe: what happened, and where in the user's own files.
// Reads Bun's three shapes of error: BuildMessage (syntax), ResolveMessage (a missing import) and whatever was thrown.
import { readFileSync } from "node:fs";

export interface Location {
  readonly file: string;
  /** From 1, both. */
  readonly line: number;
  readonly column: number;
}

export interface ModuleFailure {
  /** The module on djob's command line that was being loaded. */
  readonly module: string | null;
  readonly message: string;
  readonly location: Location | null;
  /** The source line of the location. */
  readonly sourceLine: string | null;
  readonly stack: string | null;
  readonly hint: string | null;
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

/** What was thrown while `module` was being loaded. */
export function failureOf(error: unknown, module: string | null): ModuleFailure {
  const first = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  if (isBuildMessage(first)) return buildFailure(first, module);
  if (isResolveMessage(first)) return resolveFailure(first, module);
  if (!(first instanceof Error)) {
    return failure(module, `${Bun.inspect(first)} was thrown`, null, {
      hint: "throw an Error: it knows its place",
    });
  }
  const stack = userStack(first.stack ?? "");
  const hint = "hint" in first && typeof first.hint === "string" ? first.hint : null;
  const own = hint !== null || first.name === "RegistrationError" || first.name === "ScheduleError";
  const message = own ? first.message : `${first.name}: ${first.message}`;
  return failure(module, message, locationIn(stack), { stack: own ? null : stack, hint });
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

/** Pure: the failure as lines for a person, the position first. */
export function describeFailure({
  module,
  message,
  location,
  sourceLine,
  stack,
  hint,
}: ModuleFailure): string {
  const lines = [message];
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
    .filter((line) => !/^\s+at .*(\/\$bunfs\/|\bnode:|\bbun:|\bnative\b|\(unknown\))/.test(line))
    .join("\n");
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
  const location = position && { file: position.file, line: position.line, column: position.column };
  return failure(module, `syntax error: ${message}`, location);
}

function resolveFailure({ specifier, referrer, message }: ResolveMessageLike, module: string | null) {
  const location = referrer.startsWith("/$bunfs/") ? null : placeOfText(referrer, specifier);
  const isPackage = !/^[./]/.test(specifier);
  const hint = isPackage
    ? `install it beside the module (bun add ${specifier}); djob never downloads anything`
    : null;
  return failure(module, message.replace(/ imported from .*$/s, ""), location, { hint });
}

/** Where a file says `"text"` in quotes: an import that can't be resolved comes without its position. */
function placeOfText(file: string, text: string): Location | null {
  const lines = readLines(file);
  for (const [index, line] of lines.entries()) {
    for (const quote of ['"', "'", "`"]) {
      const at = line.indexOf(quote + text + quote);
      if (at >= 0) return { file, line: index + 1, column: at + 1 };
    }
  }
  return lines.length === 0 ? null : { file, line: 1, column: 1 };
}

function sourceLineOf({ file, line }: Location): string | null {
  const text = readLines(file)[line - 1];
  return text === undefined || text.length > 200 ? null : text;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
