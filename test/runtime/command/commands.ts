// What the tests of commands share: a run of one, begun as the worker does it.
import { commandExecutor } from "../../../src/runtime/command/executor.ts";
import type { CommandWork, Limits } from "../../../src/runtime/job.ts";
import type { RunRequest } from "../../../src/runtime/running/execution.ts";
import { djobPath } from "../../e2e/harness.ts";

export const request: RunRequest = {
  job: "backup",
  id: "backup@2026-06-01T12:00:00.000Z",
  attempt: 2,
  scheduledAtMs: Date.parse("2026-06-01T12:00:00Z"),
  startedAtMs: 0,
  lastSuccessMs: null,
  input: { full: true },
  state: undefined,
};

/** The small process by way of which a command is limited or another user: of the executable that was built. */
export const stage = { executable: djobPath, argv0: "djob: test", environment: { DJOB_STAGE: "run" } };

export function workOf(
  argv: readonly string[],
  rest: Partial<CommandWork & Limits> = {},
): CommandWork & Limits {
  return {
    type: "command",
    argv,
    env: {},
    cwd: null,
    stdin: null,
    user: null,
    maxMemoryBytes: null,
    maxCpuMs: null,
    ...rest,
  };
}

export function begin(argv: readonly string[], rest: Partial<CommandWork & Limits> = {}, its = request) {
  const work = workOf(argv, rest);
  const lines: string[] = [];
  const execution = commandExecutor(work, stage).execute(its, {
    line: (_level, text) => void lines.push(text),
  });
  return { execution, lines };
}

export const sh = (line: string, rest: Partial<CommandWork & Limits> = {}) =>
  begin(["/bin/sh", "-c", line], rest);
