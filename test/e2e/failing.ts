// Modules that fail, with a mark at the place that the error must name; and what must hold after each failed start.
import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { type CallOptions, type Result, until, type Workspace } from "./harness.ts";

/** Stands in a module's text right before the offending token, and is taken out when the file is written. */
export const mark = "▶";

/** Writes a module. @returns `file:line:column` of the mark, as an error names it */
export function writeMarked(space: Workspace, name: string, text: string): string {
  const before = text.slice(0, text.indexOf(mark)).split("\n");
  const path = space.write(name, text.replace(mark, ""));
  return `${path}:${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

/** Starts what can't start: exit 9, nothing on standard output, and nothing left. @returns what it said */
export async function failToRun(
  space: Workspace,
  args: readonly string[],
  options: CallOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await space.djob(["run", ...args], options);
  expect({ code, stdout, stderr }).toEqual({ code: 9, stdout: "", stderr: expect.any(String) });
  expectNothingLeft(space);
  return stderr;
}

/** No process, pidfile or socket. The launcher is gone already, so nothing is waited for. */
export function expectNothingLeft(space: Workspace): void {
  expect(space.processes()).toEqual([]);
  expect(stateFiles(space).filter((file) => !file.endsWith(".log"))).toEqual([]);
}

export function stateFiles(space: Workspace): string[] {
  return existsSync(space.state) ? space.files() : [];
}

/** A launcher of its own, and its worker's pid once the module says that it is being loaded. */
export async function startLoading(space: Workspace, args: readonly string[], log = "worker.log") {
  const launcher = space.start(["run", ...args]);
  const pid = await until("the module is being loaded", () => /loading as (\d+)/.exec(space.read(log))?.[1]);
  const end = async (): Promise<Result> => {
    const [stdout, stderr] = await Promise.all([launcher.stdout.text(), launcher.stderr.text()]);
    await launcher.exited;
    return { code: launcher.exitCode, signal: launcher.signalCode, stdout, stderr };
  };
  return { launcher, pid: Number(pid), end };
}

export const sayLoading = 'console.log("loading as " + process.pid);\n';
