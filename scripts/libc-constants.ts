// Compares src/libc/tables with what a C compiler reads from the headers of a libc: each constant, structure size and
// field offset of a table, and for this machine's own libc also the numbers of errors and signals that node:os gives.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { libc } from "../src/libc/library.ts";
import { darwin } from "../src/libc/tables/darwin.ts";
import { linuxGlibc } from "../src/libc/tables/linux-glibc.ts";
import { linuxMusl } from "../src/libc/tables/linux-musl.ts";
import type { LibcTable } from "../src/libc/tables/table.ts";

interface Comparison {
  /** The C expression, such as "sizeof(sigset_t)". */
  readonly expression: string;
  readonly expected: number;
  /** null if the headers lack it. */
  readonly actual: number | null;
}

/**
 * @param compiler the C compiler and its arguments, separated by spaces
 * @throws {Error} if there is no C compiler, or it fails
 */
export function compareWithHeaders(table: LibcTable, compiler = "cc"): Comparison[] {
  const expected = expectedValues(table);
  const directory = mkdtempSync(join(tmpdir(), "djob-constants-"));
  try {
    const source = join(directory, "constants.c");
    const program = join(directory, "constants");
    writeFileSync(source, programSource(Object.keys(expected)));
    const [command = "cc", ...options] = compiler.split(" ");
    run(command, [...options, "-o", program, source]);
    const actual = parseOutput(run(program, []));
    return Object.entries(expected).map(([expression, value]) => ({
      expression,
      expected: value,
      actual: actual.get(expression) ?? null,
    }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const help = `Usage: bun scripts/libc-constants.ts [--table NAME] [--cc "COMPILER OPTIONS"]

Compares a table of src/libc/tables with the headers that a C compiler reads, prints every difference, and exits
with 1 if there is one.

  --table NAME   linux-glibc, linux-musl or darwin; by default that of this machine
  --cc COMMAND   the C compiler and its options; by default cc
  --help         this text

The musl table can be checked on a Debian machine: apt-get install musl-tools linux-libc-dev, then
  bun scripts/libc-constants.ts --table linux-musl --cc "musl-gcc -idirafter /usr/include"
(the last option finds linux/close_range.h and linux/ioprio.h, which are the kernel's and not musl's). On macOS: xcode-select --install.
`;

const tables: readonly LibcTable[] = [linuxGlibc, linuxMusl, darwin];

const headers = `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <linux/ioprio.h>
#if __has_include(<linux/close_range.h>)
#include <linux/close_range.h>
#endif
#endif
`;

function expectedValues(table: LibcTable): Record<string, number> {
  const syscalls = table.syscalls?.[process.arch === "arm64" ? "arm64" : "x64"];
  const expected: Record<string, number> = { ...table.constants, ...table.linux, ...syscalls };
  for (const [type, sizeBytes] of Object.entries(table.sizes)) expected[`sizeof(${type})`] = sizeBytes;
  for (const [type, fields] of Object.entries(table.offsets)) {
    for (const [field, offset] of Object.entries(fields)) expected[`offsetof(${type}, ${field})`] = offset;
  }
  return table === libc().table ? { ...expected, ...constants.errno, ...constants.signals } : expected;
}

function programSource(expressions: readonly string[]): string {
  const lines = expressions.map((expression) => {
    const line = `printf("%s=%lld\\n", "${expression}", (long long)(intptr_t)(${expression}));`;
    return /^\w+$/.test(expression) ? `#ifdef ${expression}\n${line}\n#endif` : line;
  });
  return `${headers}\nint main(void) {\n${lines.join("\n")}\nreturn 0;\n}\n`;
}

function parseOutput(output: string): Map<string, number> {
  const pairs = output.trimEnd().split("\n");
  return new Map(pairs.map((line) => [line.slice(0, line.lastIndexOf("=")), Number(line.split("=").at(-1))]));
}

function run(command: string, options: readonly string[]): string {
  const result = spawnSync(command, options, { encoding: "utf8" });
  if (result.error !== undefined) {
    const hint = "a C compiler is needed: apt-get install gcc libc6-dev, or xcode-select --install";
    throw new Error(`cannot run ${command}: ${result.error.message}; ${hint}`);
  }
  if (result.status !== 0) throw new Error(`${command} failed:\n${result.stderr}`);
  return result.stdout;
}

function main(): number {
  const { values } = parseArgs({
    options: { table: { type: "string" }, cc: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const name = values.table ?? libc().table.name;
  const table = tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`there is no table named ${name}: see --help`);
  const comparisons = compareWithHeaders(table, values.cc);
  const different = comparisons.filter(({ expected, actual }) => expected !== actual);
  for (const { expression, expected, actual } of different) {
    console.log(`${expression}: ${expected} in the table, ${actual ?? "missing"} in the headers`);
  }
  console.log(`${name}: ${comparisons.length} values compared, ${different.length} different`);
  return different.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
