// What a person sees, through consola: colours and marks on a terminal, plain text elsewhere or with NO_COLOR. With --json
// it is one JSON document on standard output and nothing else.
import { stripVTControlCharacters, styleText } from "node:util";
import type { ConsolaInstance, LogObject } from "consola/core";
import type { DjobError } from "../daemon/error.ts";
import { errDescriptor, isTerminal, outDescriptor, writeText } from "../logs/sink.ts";

export type Style = "green" | "red" | "yellow" | "dim" | "bold" | "cyan";

export interface Output {
  readonly json: boolean;
  readonly people: ConsolaInstance;
  /** Loads what `people` needs, when the event loop has nothing better to do. */
  warmUp(): void;
  /** The one document of --json. */
  document(value: unknown): void;
  error(error: DjobError): void;
  /** Colours text for standard output, where that makes sense. */
  paint(style: Style, text: string): string;
}

export function makeOutput(json: boolean): Output {
  let people: ConsolaInstance | null = null;
  return {
    json,
    get people() {
      people ??= makeConsola();
      return people;
    },
    warmUp() {
      setTimeout(() => this.people, 0);
    },
    document: (value) => void writeText(outDescriptor, `${JSON.stringify(value, null, 2)}\n`),
    error(error) {
      const { code, message, hint } = error;
      if (json) this.document({ error: { code, message, hint } });
      // Modules, programs and other users' daemons may have had their say in it.
      else this.people.error(visible(hint === null ? message : `${message}\nhint: ${hint}`));
    },
    paint: (style, text) =>
      hasColour(outDescriptor) ? styleText(style, text, { validateStream: false }) : text,
  };
}

/** Pure: text that a daemon's modules made, without what would steer a terminal. Line ends stay. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === "\n" || character === "\t"
      ? character
      : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether what is written to a descriptor may be coloured: not with NO_COLOR, unless that is empty (no-color.org). */
export function hasColour(descriptor: number): boolean {
  const { NO_COLOR = "", TERM } = process.env;
  return NO_COLOR === "" && TERM !== "dumb" && isTerminal(descriptor);
}

/** Loaded at its first use: a launcher can do that while the daemon starts. */
function makeConsola(): ConsolaInstance {
  const { createConsola } = require("consola/core") as typeof import("consola/core");
  return createConsola({ level: 4, reporters: [{ log: report }] });
}

/** Pure: rows as columns, two spaces apart. The last column is not padded. */
export function columns(rows: ReadonlyArray<readonly string[]>): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) =>
          index === row.length - 1 ? cell : cell + " ".repeat((widths[index] ?? 0) - width(cell)),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function width(cell: string): number {
  return Bun.stringWidth(stripVTControlCharacters(cell));
}

const marks: Readonly<Record<string, readonly [mark: string, style: Style]>> = {
  success: ["✔", "green"],
  warn: ["warning:", "yellow"],
  fail: ["✖", "red"],
  error: ["djob:", "red"],
};

function report({ type, args }: LogObject): void {
  const isError = type === "error" || type === "warn" || type === "fail";
  const descriptor = isError ? errDescriptor : outDescriptor;
  const text = args.map(String).join(" ");
  const [mark, style] = marks[type] ?? [null, "dim" as const];
  const shown =
    mark !== null && hasColour(descriptor) ? styleText(style, mark, { validateStream: false }) : mark;
  writeText(descriptor, shown === null ? `${text}\n` : `${shown} ${text}\n`);
}
