// Makes what executes a job outside of the worker's own thread; its code is loaded by those who have such jobs.

import type { CommandStage } from "../command/stage.ts";
import type { Work } from "../job.ts";
import type { Executor } from "./execution.ts";

/** @param stage how a command becomes another user or is limited */
export async function makeExecutor(
  work: Exclude<Work, { type: "inline" }>,
  stage: CommandStage,
): Promise<Executor> {
  const { commandExecutor } = await import("../command/executor.ts");
  return commandExecutor(work, stage);
}
