// Loads modules only to see what they declare: no job runs, no server listens.

import { provideApi } from "../../api/module.ts";
import { exitCode } from "../../exit-code.ts";
import { nextPlanned, type Plan, planText, planTimeZone } from "../../schedule/plan.ts";
import { systemClock } from "../clock.ts";
import { failureOf, type ModuleFailure, nothingToDo, notInTime } from "../failure.ts";
import { Registry } from "../registry.ts";
import { hasFetch } from "../serving/servers.ts";
import { declareModules } from "./declare-modules.ts";
import { staysAlive } from "./event-loop.ts";
import { LoadError, type LoadedModule, watchExit } from "./loader.ts";

/** Times are ISO 8601 in UTC. */
export interface CheckedJob {
  readonly name: string;
  readonly schedule: string;
  readonly tz: string | null;
  readonly times: readonly string[];
  readonly plan: Plan;
}

export interface ExaminePort {
  readonly readyTimeoutMs: number;
  /** How much longer than its launcher the scratch process waits for itself. */
  readonly loadGraceMs: number;
  /** What hashed fields and jitter are spread by. */
  readonly host: string;
  found(jobs: readonly CheckedJob[]): void;
  failed(failure: ModuleFailure): void;
  exit(code: number): never;
}

const shownTimes = 5;

export async function examine(paths: readonly string[], port: ExaminePort): Promise<void> {
  const registry = new Registry(port.host);
  provideApi({
    job: (...given: unknown[]) => registry.add(...given),
    hooks: (given) => registry.addHooks(given),
    sockets: [],
  });
  const exits = watchExit();
  let module: string | null = null;
  let done = false;
  const fail = (failure: ModuleFailure) => {
    done = true;
    port.failed(failure);
    port.exit(exitCode.notReady);
  };
  process.on("exit", (code) => {
    if (!done) port.failed(exits.failureOf(code, module));
  });
  process.on("uncaughtException", (error) => fail(failureOf(error, module)));
  process.on("unhandledRejection", (error) => fail(failureOf(error, module)));
  const timer = setTimeout(
    () => fail(notInTime(module, port.readyTimeoutMs)),
    port.readyTimeoutMs + port.loadGraceMs,
  );
  try {
    const modules = await declareModules(paths, registry, (path) => {
      module = path;
    });
    timer.unref();
    const isPlainScript = registry.jobs.length === 0 && !modules.some(isServer);
    if (isPlainScript && !(await staysAlive())) throw new LoadError(nothingToDo(module));
  } catch (error) {
    fail(error instanceof LoadError ? error.failure : failureOf(error, module));
  }
  done = true;
  const nowMs = systemClock.now();
  port.found(
    registry.jobs.map((job) => ({
      name: job.name,
      schedule: planText(job.plan),
      tz: planTimeZone(job.plan),
      times: timesAfter(job.plan, nowMs),
      plan: job.plan,
    })),
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
