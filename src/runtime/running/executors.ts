// Makes what executes a job outside of the worker's own thread; its code is loaded by those who have such jobs.

import type { Work } from "../job.ts";
import type { Executor } from "./execution.ts";

export async function makeExecutor(work: Exclude<Work, { type: "inline" }>): Promise<Executor> {
  const { commandExecutor } = await import("../command/executor.ts");
  return commandExecutor(work);
}
