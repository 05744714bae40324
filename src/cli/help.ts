// Help texts, made from the commands' own definitions and rendered by citty.

import { stripVTControlCharacters } from "node:util";
import { defineCommand, renderUsage } from "citty";
import { exitCodeMeanings } from "../exit-code.ts";
import { outDescriptor } from "../logs/sink.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { columns, hasColour } from "./output.ts";

export async function commandHelp(command: Command): Promise<string> {
  const definition = defineCommand({ meta: command.meta, args: { ...command.args } });
  const usage = await renderUsage(definition, defineCommand({ meta: { name: "djob" } }));
  const examples = columns(command.examples.map(([line, meaning]) => [`  ${line}`, meaning]));
  return plainUnlessTerminal(
    [usage.trimEnd(), "", "EXAMPLES", "", examples, ...(command.notes ? ["", command.notes] : [])].join("\n"),
  );
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

function plainUnlessTerminal(text: string): string {
  return hasColour(outDescriptor) ? text : stripVTControlCharacters(text);
}
