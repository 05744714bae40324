// What the tests of isolated runs share: a run that is triggered and waited for, with its record.
import { expect } from "bun:test";
import type { Workspace } from "./harness.ts";

export interface RunDocument {
  readonly id: string;
  readonly job: string;
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly attempt: number;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | null } | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly result: unknown;
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
