// Writes the README's tables of flags and exit codes from the commands' own definitions, between its two marks.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commands } from "../src/cli/commands.ts";
import { routes } from "../src/control/routes.ts";
import { exitCodeMeanings, statusCodeMeanings } from "../src/exit-code.ts";

const usage = `usage: scripts/bun scripts/readme.ts [--check]

  Writes the tables of flags and exit codes into README.md.
  --check  only tells whether they are up to date (exit code 1: they are not)`;

const path = join(import.meta.dir, "../README.md");
const begin = "<!-- begin: made by scripts/readme.ts -->";
const end = "<!-- end -->";

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: "boolean" }, check: { type: "boolean" } } });
  if (values.help) console.log(usage);
  else if (!values.check) writeFileSync(path, await readmeWithTables());
  else if ((await readmeWithTables()) !== readFileSync(path, "utf8")) {
    console.error("README.md is not up to date: run scripts/bun scripts/readme.ts");
    process.exitCode = 1;
  }
}

/** The README as it should be. */
export async function readmeWithTables(): Promise<string> {
  const text = readFileSync(path, "utf8");
  const [before = "", rest = ""] = text.split(begin);
  const [, after = ""] = rest.split(end);
  return `${before}${begin}\n\n${await tables()}\n\n${end}${after}`;
}

async function tables(): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const flags = loaded.flatMap(({ meta, args }) => [
    `### djob ${meta.name}`,
    `${meta.description}.`,
    table(
      ["", "meaning"],
      Object.entries(args).map(([name, { type, description = "", ...rest }]) => {
        const value = "valueHint" in rest && rest.valueHint ? ` ${rest.valueHint}` : "";
        const short = "alias" in rest && rest.alias ? `-${rest.alias}, ` : "";
        return [
          `\`${type === "positional" ? name.toUpperCase() : `${short}--${name}${value}`}\``,
          description,
        ];
      }),
    ),
  ]);
  const codes = ([code, meaning]: readonly [number, string]) => [String(code), meaning];
  return [
    "## Commands and flags",
    ...flags.filter((part) => part !== ""),
    "## HTTP on the control socket",
    "`curl --unix-socket NAME.sock http://djob/jobs`; openapi.json describes each answer. Names of jobs and ids of runs are percent-encoded.",
    table(
      ["request", "query", "answer"],
      routes.map(({ method, path, query, summary }) => [
        `\`${method} ${path}\``,
        query.map(({ name }) => `\`${name}\``).join(", "),
        summary,
      ]),
    ),
    "## Exit codes",
    table(["code", "meaning"], exitCodeMeanings.map(codes)),
    "`djob status NAME` has the LSB's own codes for that action:",
    table(["code", "meaning"], statusCodeMeanings.map(codes)),
  ].join("\n\n");
}

function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
