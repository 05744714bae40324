// What the tests of runs share: records, a run that is triggered and waited for, and daemons with isolated jobs.
import { expect } from "bun:test";
import type { Workspace } from "./harness.ts";

export const head = `import { hooks, job } from "djob";\nvoid hooks;\n`;

/** A daemon with one isolated job "work", and one inline job "other" that ticks. */
export async function start(
  space: Workspace,
  handler: string,
  options = "",
  more = "",
  flags: readonly string[] = [],
): Promise<void> {
  space.write(
    "worker.ts",
    `${head}job("work", { every: "1h", isolate: true, ${options} }, async (context) => {
  const { input, log, signal, state } = context;
  void [input, log, signal, state];
  ${handler}
});
job("other", { every: "100ms", overlap: "allow" }, ({ scheduledAt }) => Date.now() - scheduledAt.getTime());
${more}`,
  );
  await space.run(["worker.ts", ...flags]);
}

export interface RunDocument {
  readonly id: string;
  readonly job: string;
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly attempt: number;
  readonly trigger: string;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | null } | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly result: unknown;
  readonly times: number;
}

/** The newest first. */
export async function runsOf(space: Workspace, ...args: readonly string[]): Promise<RunDocument[]> {
  const { code, stdout, stderr } = await space.djob(["runs", "worker", ...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

export interface Triggered {
  readonly run: RunDocument;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a job now, to its end. */
export async function triggered(space: Workspace, job: string, input?: unknown): Promise<Triggered> {
  const given = input === undefined ? [] : ["--input", JSON.stringify(input)];
  const { stdout, stderr } = await space.djob(["trigger", "worker", job, ...given, "--wait"]);
  const [run] = await runsOf(space, job, "--limit", "1");
  if (run === undefined) throw new Error(`${job} has no run: ${stdout}${stderr}`);
  return { run, stdout, stderr };
}
