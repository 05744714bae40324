// Loads modules only to see what they declare: no job runs, no server listens.

import { exitCode } from "../../exit-code.ts";
import { nextPlanned, type Plan, planText, planTimeZone } from "../../schedule/plan.ts";
import { systemClock } from "../clock.ts";
import { nothingToDo } from "../failure.ts";
import { hasFetch } from "../serving/servers.ts";
import { staysAlive } from "./event-loop.ts";
import { LoadError, type LoadedModule } from "./loader.ts";
import { loadInScratch, type ScratchPort } from "./scratch.ts";

/** Times are ISO 8601 in UTC. */
export interface CheckedJob {
  readonly name: string;
  readonly schedule: string;
  readonly tz: string | null;
  readonly times: readonly string[];
  readonly plan: Plan;
}

export interface ExaminePort extends ScratchPort {
  found(jobs: readonly CheckedJob[], warnings: readonly string[]): void;
}

const shownTimes = 5;

export async function examine(paths: readonly string[], port: ExaminePort): Promise<void> {
  const { registry, warnings } = await loadInScratch(paths, port, async ({ registry, modules, last }) => {
    const isPlainScript = () => registry.jobs.length === 0 && !modules.some(isServer);
    if (isPlainScript() && !(await staysAlive()) && isPlainScript()) throw new LoadError(nothingToDo(last));
  });
  const nowMs = systemClock.now();
  port.found(
    registry.jobs.map((job) => ({
      name: job.name,
      schedule: planText(job.plan),
      tz: planTimeZone(job.plan),
      times: timesAfter(job.plan, nowMs),
      plan: job.plan,
    })),
    warnings,
  );
  port.exit(exitCode.done);
}

function isServer({ exports }: LoadedModule): boolean {
  return hasFetch(exports["default"]);
}

function timesAfter(plan: Plan, nowMs: number): string[] {
  const times: string[] = [];
  let timeMs = nextPlanned(plan, nowMs);
  while (timeMs !== null && times.length < shownTimes) {
    times.push(new Date(timeMs).toISOString());
    timeMs = nextPlanned(plan, timeMs);
  }
  return times;
}
