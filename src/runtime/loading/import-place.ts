// Where in the user's files an import stands that fails: Bun's errors name the file, or only the module, but no position.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

export interface Location {
  readonly file: string;
  /** From 1, both. */
  readonly line: number;
  readonly column: number;
}

const maximumFiles = 1_000;

/** Where a file imports a specifier; the start of a file that does so in a way of its own; null if it can't be read. */
export function placeOfImport(file: string, specifier: string): Location | null {
  const text = readText(file);
  if (text === null) return null;
  const quoted = `(["'\`])${RegExp.escape(specifier)}\\1`;
  for (const before of ["(?:\\bfrom|\\bimport|\\b(?:import|require)\\s*\\()\\s*", ""]) {
    const match = new RegExp(before + quoted).exec(text);
    if (match !== null) return locationAt(file, text, match.index + match[0].length - specifier.length - 2);
  }
  return { file, line: 1, column: 1 };
}

/** Where a name is imported that `target` does not export, looked for in a module and in what it imports. */
export function placeOfImportedName(module: string, name: string, target: string): Location | null {
  const files = new Set([module]);
  for (const file of files) {
    const text = readText(file);
    if (text === null) continue;
    for (const specifier of importsOf(file, text)) {
      const imported = resolved(specifier, file);
      if (imported === target) {
        const found = nameBefore(text, name, specifier);
        return found === null ? placeOfImport(file, specifier) : locationAt(file, text, found);
      }
      if (imported?.startsWith("/") && files.size < maximumFiles) files.add(imported);
    }
  }
  return null;
}

/** The name's offset between an `import` or `export` and its `from "specifier"`. */
function nameBefore(text: string, name: string, specifier: string): number | null {
  const statement = new RegExp(
    `\\b(?:import|export)\\b[^;"'\`]*?\\bfrom\\s*["']${RegExp.escape(specifier)}["']`,
    "g",
  );
  for (const match of text.matchAll(statement)) {
    const at = new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`).exec(match[0]);
    if (at !== null) return match.index + at.index;
  }
  return null;
}

function importsOf(file: string, text: string): string[] {
  try {
    const loader = /\.[cm]?js$/.test(file) ? "js" : /x$/.test(file) ? "tsx" : "ts";
    return new Bun.Transpiler({ loader }).scanImports(text).map(({ path }) => path);
  } catch {
    return [];
  }
}

function resolved(specifier: string, file: string): string | null {
  try {
    return Bun.resolveSync(specifier, dirname(file));
  } catch {
    return null;
  }
}

function locationAt(file: string, text: string, offset: number): Location {
  const before = text.slice(0, offset).split("\n");
  return { file, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
