// Help texts, made from the commands' own definitions, and as wide as the terminal.

import { exitCodeMeanings } from "../exit-code.ts";
import { isTerminal, outDescriptor } from "../logs/sink.ts";
import type { Command, RepeatableArg } from "./command.ts";
import { commands } from "./commands.ts";
import { columns, type Output } from "./output.ts";

/** Where nobody's terminal says how wide a line may be. */
const usualWidth = 100;

export function commandHelp(command: Command, paint: Output["paint"], width = ownWidth()): string {
  const { meta, args, examples, notes } = command;
  const given = Object.entries(args);
  const positionals = given.filter(([, { type }]) => type === "positional");
  const flags = given.filter(([, { type }]) => type !== "positional");
  const words = positionals.map(([name]) => usageOf(command, name));
  const section = (title: string, rows: ReadonlyArray<readonly [string, string]>) =>
    rows.length === 0 ? [] : ["", title, "", listed(rows, width, paint)];
  return [
    ...wrapped(`${meta.description}.`, width),
    "",
    ["USAGE", "djob", meta.name, ...(flags.length === 0 ? [] : ["[FLAGS]"]), ...words].join(" "),
    ...(command.takesTail ? [`      djob ${meta.name} [FLAGS] -- PROGRAM [ARGUMENT…]`] : []),
    ...section(
      "ARGUMENTS",
      positionals.map(([name, { description = "" }]) => [name.toUpperCase(), description]),
    ),
    ...section(
      "FLAGS",
      flags.map(([name, flag]) => [written(name, flag), flag.description ?? ""]),
    ),
    "",
    "EXAMPLES",
    "",
    listed(examples, width, paint),
    ...(notes ? ["", ...wrapped(notes, width)] : []),
  ].join("\n");
}

function usageOf({ positionals: { minimum, maximum }, args }: Command, name: string): string {
  const names = Object.entries(args).filter(([, { type }]) => type === "positional");
  const index = names.findIndex(([other]) => other === name);
  const repeats = index === 0 && maximum > names.length ? "…" : "";
  const word = `${name.toUpperCase()}${repeats}`;
  return index < minimum ? word : `[${word}]`;
}

function written(name: string, flag: RepeatableArg): string {
  const value = "valueHint" in flag && flag.valueHint ? ` ${flag.valueHint}` : "";
  const short = "alias" in flag && typeof flag.alias === "string" ? `-${flag.alias}, ` : "";
  return `${short}--${name}${value}`;
}

/** Pure: terms and what they mean side by side; below each other where a line has no room for both. */
function listed(
  rows: ReadonlyArray<readonly [term: string, meaning: string]>,
  width: number,
  paint: Output["paint"],
): string {
  const widest = Math.max(...rows.map(([term]) => term.length));
  const indent = widest + 4 + 24 <= width ? widest + 4 : 8;
  return rows
    .flatMap(([term, meaning]) => {
      const [first = "", ...others] = wrapped(meaning, width - indent);
      const head = `  ${paint("cyan", term)}`;
      const further = others.map((line) => " ".repeat(indent) + line);
      const isBeside = indent > term.length + 3;
      return isBeside
        ? [head + " ".repeat(indent - term.length - 2) + first, ...further]
        : [head, " ".repeat(indent) + first, ...further];
    })
    .join("\n");
}

/** Pure: text in lines of at most so many characters, broken at spaces. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function ownWidth(): number {
  const width = isTerminal(outDescriptor) ? process.stdout.columns : usualWidth;
  return Math.min(Math.max(width || usualWidth, 40), 120);
}

export async function overview(): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = loaded.map(({ meta }) => [`  ${meta.name}`, meta.description]);
  const codes = exitCodeMeanings.map(([code, meaning]) => [`  ${code}`, meaning]);
  return [
    "djob keeps your TypeScript running: one executable, no Bun, no Node, no node_modules.",
    "",
    "USAGE  djob COMMAND [OPTIONS]",
    "",
    columns(rows),
    "",
    "EXIT CODES",
    "",
    columns(codes),
    "",
    "djob COMMAND --help tells more of a command. Start with: djob run worker.ts",
  ].join("\n");
}
