// Makes what executes a job outside of the worker's own thread; its code is loaded by those who have such jobs.

import type { CommandStage } from "../command/stage.ts";
import type { IsolatedExecutors } from "../isolate/executor.ts";
import type { IsolationPort } from "../isolate/place.ts";
import type { Journal } from "../journal.ts";
import type { ExecutorMaker } from "./runner.ts";

/** @param stage how a command becomes another user or is limited */
export function executorMaker(
  stage: CommandStage,
  isolation: IsolationPort,
  journal: Journal,
): ExecutorMaker {
  let isolated: Promise<IsolatedExecutors> | null = null;
  const isolatedExecutors = async () => {
    const { IsolatedExecutors } = await import("../isolate/executor.ts");
    return new IsolatedExecutors(isolation, journal);
  };
  return async (work) => {
    if (work.type === "isolated") {
      isolated ??= isolatedExecutors();
      return (await isolated).make(work);
    }
    const { commandExecutor } = await import("../command/executor.ts");
    return commandExecutor(work, stage);
  };
}
