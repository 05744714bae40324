// What the tests of a daemon's life share: its status with the worker's part, and the lines of its log.
import { until, type Workspace } from "./harness.ts";

export interface Life {
  readonly state: string;
  readonly pid: number | null;
  readonly workerPid: number | null;
  readonly restarts: number;
  readonly lastExit: string | null;
  readonly reason: string | null;
}

export async function lifeOf(space: Workspace, name = "worker"): Promise<Life> {
  return JSON.parse((await space.djob(["status", name, "--json"])).stdout);
}

/** The worker of a daemon that runs. */
export async function workerOf(space: Workspace, name = "worker"): Promise<number> {
  const { workerPid } = await until("there is a worker", async () => {
    const life = await lifeOf(space, name);
    return life.state === "running" && life.workerPid !== null ? life : null;
  });
  return workerPid ?? 0;
}

/** Waits for words in the log. */
export async function says(space: Workspace, words: string | RegExp, times = 1, timeoutMs = 10_000) {
  const count = () => {
    const log = space.read("worker.log");
    return typeof words === "string"
      ? log.split(words).length - 1
      : [...log.matchAll(new RegExp(words, "g"))].length;
  };
  await until(
    `the log says ${words} ${times}×:\n${space.read("worker.log")}`,
    () => count() >= times,
    timeoutMs,
  );
}
