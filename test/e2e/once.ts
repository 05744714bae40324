// What the tests of djob run-once share: a module, and a call that leaves nothing behind.
import { expect } from "bun:test";
import { expectNothingLeft, stateFiles } from "./failing.ts";
import { type Workspace, workspace } from "./harness.ts";

export const declare = 'import { hooks, job } from "djob";\n';

export function worker(text: string): Workspace {
  const space = workspace();
  space.write("worker.ts", declare + text);
  return space;
}

export async function once(space: Workspace, args: readonly string[], env: Record<string, string> = {}) {
  const result = await space.djob(["run-once", ...args], { env });
  expectNothingLeft(space);
  expect(stateFiles(space)).toEqual([]);
  return result;
}
