// A clock that is wrong, and set right: over random sequences of steps, restarts, kills, reloads and pauses, against brute force.
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { nextPlanned, type Plan, plannedBetween } from "../../../src/schedule/plan.ts";
import type { RunRecord } from "../../../src/store/records.ts";
import { scratch } from "../../scratch.ts";
import { bench, FakeClock, minute, second, settled } from "./fake-clock.ts";

type Bench = ReturnType<typeof bench>;

const start = "2026-06-01T12:00:30Z";

const jobs: Readonly<Record<string, unknown>> = {
  none: { every: "10m" },
  last: { every: "10m", catchUp: "last" },
  all: { every: "10m", catchUp: "all", maxCatchUp: 7 },
  window: { cron: "*/7 * * * *", catchUp: "all", catchUpWindow: "1h" },
  often: { every: "70s", catchUp: "last" },
  daily: { cron: "0 3 * * *", catchUp: "last" },
  two: { cron: ["0 * * * *", "30 */2 * * *"] },
  put: { every: "9m", jitter: "4m", catchUp: "all" },
  once: { at: ["2026-06-01T12:40:00Z", "2026-06-01T15:20:00Z", "2026-06-02T01:00:00Z"] },
  until: { every: "20m", until: "2026-06-03T00:00:00Z" },
  flaky: { every: "10m", overlap: "allow", retry: { attempts: 3, delay: "50s", factor: 1 } },
};

type Step =
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "set"; readonly ms: number }
  | { readonly do: "set right" }
  | { readonly do: "sleep"; readonly ms: number }
  | { readonly do: "stop" | "kill" | "reload"; readonly setMs: number }
  | { readonly do: "pause" | "resume"; readonly job: number };

const seconds = (low: number, high: number) =>
  fc.integer({ min: low, max: high }).map((value) => value * second);
const clockSet = fc.oneof(
  seconds(-3 * 3_600, 3 * 3_600),
  seconds(3 * 3_600, 9 * 3_600),
  seconds(-9 * 3_600, -3 * 3_600),
  seconds(20 * 86_400, 400 * 86_400),
);
const sometimes = fc.oneof(fc.constant(0), fc.constant(0), clockSet);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: seconds(1, 2_700) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("set" as const), ms: clockSet }) },
    { weight: 2, arbitrary: fc.constant({ do: "set right" } as const) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("sleep" as const), ms: seconds(60, 5 * 3_600) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("stop", "kill", "reload"), setMs: sometimes }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom("pause", "resume"),
        job: fc.nat(Object.keys(jobs).length - 1),
      }),
    },
  ),
  { maxLength: 16 },
);

/** A daemon whose workers share a history, and what all of them have begun. */
class Daemon {
  readonly clock = new FakeClock(start);
  readonly path = join(scratch("set-back"), "w.db");
  readonly begun = new Set<string>();
  readonly twice: string[] = [];
  readonly late: string[] = [];
  readonly paused = new Set<string>();
  keepRuns = 1_000_000;
  #owner = 0;
  /** How far the wall clock is ahead of the true time. */
  #wrongMs = 0;
  #kill: () => void = () => {};
  current: Bench;

  constructor(keepRuns?: number) {
    this.keepRuns = keepRuns ?? this.keepRuns;
    this.current = this.#begin();
    this.current.scheduler.start();
  }

  #begin(): Bench {
    this.#owner += 1;
    let isDead = false;
    this.#kill = () => {
      isDead = true;
    };
    const later = (call: () => void) => void setImmediate(() => isDead || call());
    const stored = { path: this.path, owner: this.#owner, later, keepRuns: this.keepRuns };
    const made = bench(undefined, stored, this.clock);
    for (const [name, options] of Object.entries(jobs))
      made.declare(name, options, (_, { scheduledAt, attempt }) => {
        if (name !== "flaky") return undefined;
        const id = `${name} ${scheduledAt.toISOString()} attempt ${attempt}`;
        if (this.begun.has(id)) this.twice.push(id);
        this.begun.add(id);
        // Some attempts go on until their process is killed, or for as long as the delay.
        const manner = (scheduledAt.getTime() / minute + attempt) % 4;
        if (manner === 0) return undefined;
        const gone = new Promise<void>((resolve) => made.clock.after(50 * second, () => isDead || resolve()));
        if (manner === 1) return gone;
        throw new Error("it is flaky");
      });
    return made;
  }

  set(ms: number): void {
    this.clock.step(ms);
    this.#wrongMs += ms;
  }

  async do(step: Step): Promise<void> {
    const { scheduler, dispatcher, store } = this.current;
    switch (step.do) {
      case "pass":
        return this.#pass(step.ms);
      case "set":
        return this.set(step.ms);
      case "set right":
        return this.set(-this.#wrongMs);
      case "sleep":
        this.clock.sleptMs += step.ms;
        return this.clock.step(step.ms);
      case "stop":
        scheduler.stop();
        void dispatcher.endAll("stopping", "it stops");
        await settled();
        store.close();
        return this.#next(step.setMs);
      case "kill":
        this.#kill();
        scheduler.stop();
        return this.#next(step.setMs);
      case "reload":
        return this.#reload(step.setMs);
      case "pause":
      case "resume": {
        const entry = scheduler.jobs[step.job];
        if (entry === undefined) throw new Error("no such job");
        scheduler[step.do](entry);
        if (step.do === "pause") this.paused.add(entry.definition.name);
        else this.paused.delete(entry.definition.name);
      }
    }
  }

  async #next(setMs: number): Promise<void> {
    this.#note();
    this.set(setMs);
    this.current = this.#begin();
    this.current.scheduler.start();
    await settled();
  }

  async #reload(setMs: number): Promise<void> {
    const { scheduler, store } = this.current;
    const { atMs, running } = scheduler.yield();
    store.releaseRetries();
    await settled();
    this.#note();
    this.set(setMs);
    const kill = this.#kill;
    this.current = this.#begin();
    this.current.scheduler.start(atMs, running, []);
    kill();
    for (const job of running) this.current.scheduler.release(job, []);
    await settled();
  }

  async #pass(ms: number): Promise<void> {
    const fromMs = this.clock.now();
    await this.clock.pass(ms);
    await settled();
    this.#note();
    // A step is noticed within a minute; from then on each time that comes has run by now, but what was before the daemon.
    const noticedMs = Math.max(fromMs + minute, Date.parse(start));
    for (const { definition, delayMs } of this.current.scheduler.jobs) {
      if (this.paused.has(definition.name)) continue;
      const throughMs = this.clock.now() - delayMs;
      for (const timeMs of plannedBetween(definition.plan, noticedMs, throughMs, 1_000))
        if (!this.begun.has(`${definition.name} ${iso(timeMs)}`))
          this.late.push(`${definition.name} ${iso(timeMs)}`);
    }
  }

  #note(): void {
    for (const id of this.current.scheduled.splice(0)) {
      if (this.begun.has(id) && !id.startsWith("flaky")) this.twice.push(id);
      this.begun.add(id);
    }
  }
}

/** What is wrong with the records of a job: a time without one or with two, a row of another length. */
function faultsOf(
  records: readonly RunRecord[],
  covered: Map<number, number>,
  plan: Plan,
  throughMs: number,
  nowMs: number,
) {
  const faults: string[] = [];
  for (const { scheduledAtMs, throughMs: lastMs, times, outcome, reason } of records) {
    const all = plannedBetween(plan, scheduledAtMs - 1, lastMs, 1_000_000);
    if (all.length !== times)
      faults.push(`${iso(scheduledAtMs)} … ${iso(lastMs)}: ${times} of ${all.length} times`);
    for (const timeMs of all) covered.set(timeMs, (covered.get(timeMs) ?? 0) + 1);
    if (outcome === "skipped" && lastMs > nowMs)
      faults.push(`${iso(lastMs)} is to come, and is skipped: ${reason}`);
  }
  for (const [timeMs, count] of covered) if (count > 1) faults.push(`${iso(timeMs)}: ${count} records`);
  for (
    let timeMs = nextPlanned(plan, Date.parse(start));
    timeMs !== null && timeMs <= throughMs;
    timeMs = nextPlanned(plan, timeMs)
  )
    if (!covered.has(timeMs)) faults.push(`${iso(timeMs)}: no record`);
  return faults.slice(0, 5);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

async function follow(sequence: readonly Step[]): Promise<void> {
  const daemon = new Daemon();
  for (const step of sequence) await daemon.do(step);
  await daemon.do({ do: "pass", ms: 5 * minute });
  const { store, scheduler, dispatcher } = daemon.current;
  store.flush();
  const nowMs = daemon.clock.now();
  expect({ twice: daemon.twice, late: daemon.late }).toEqual({ twice: [], late: [] });
  for (const { definition, delayMs, lastSuccessMs, sinceMs } of scheduler.jobs) {
    const records = store.runs({ job: definition.name, limit: 1_000_000 });
    const going = [...dispatcher.runs].filter(({ entry }) => entry.definition === definition);
    const covered = new Map(going.map(({ scheduledAtMs }) => [scheduledAtMs, 1]));
    const faults = faultsOf(records, covered, definition.plan, nowMs - delayMs, nowMs);
    expect({ job: definition.name, faults }).toEqual({ job: definition.name, faults: [] });
    expect(Math.max(lastSuccessMs ?? 0, sinceMs)).toBeLessThanOrEqual(nowMs);
  }
  store.close();
}

test("whatever is done to the clock and the daemon, each time has one record, none runs twice, and what comes runs", async () => {
  await fc.assert(fc.asyncProperty(steps, follow), { numRuns: 150 });
}, 120_000);

test("a wrong clock leaves none silent, and nothing runs twice, where few records are kept", async () => {
  const between = fc.constantFrom<Step[]>(
    [],
    [{ do: "stop", setMs: 0 }],
    [{ do: "kill", setMs: 0 }],
    [{ do: "reload", setMs: 0 }],
  );
  const forwardMs = fc.oneof(seconds(3 * 3_600, 6 * 3_600), seconds(86_400, 400 * 86_400));
  const glitch = fc.tuple(
    seconds(1, 1_800),
    forwardMs,
    seconds(1, 9_000),
    between,
    seconds(1, 3_600),
    seconds(0, 7_200),
  );
  await fc.assert(
    fc.asyncProperty(glitch, async ([before, forward, wrong, steps, shortOf, after]) => {
      const daemon = new Daemon(12);
      const sequence: Step[] = [
        { do: "pass", ms: before },
        { do: "set", ms: forward },
        { do: "pass", ms: wrong },
        ...steps,
        // As far as it was, or not quite.
        { do: "set", ms: Math.min(-1_000, shortOf - forward) },
        { do: "pass", ms: after },
        { do: "pass", ms: 5 * minute },
      ];
      for (const step of sequence) await daemon.do(step);
      expect({ twice: daemon.twice, late: daemon.late }).toEqual({ twice: [], late: [] });
      daemon.current.store.close();
    }),
    // Here the runs under the wrong clock are forgotten only after the step back.
    { numRuns: 60, examples: [[[1_000, 3 * 3_600_000, 4_829_000, [], 1_000, 119_000]]] },
  );
}, 120_000);
