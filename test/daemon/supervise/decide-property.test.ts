// What holds whatever happens to a supervisor, in any order.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decide, firstState } from "../../../src/daemon/supervise/decide.ts";
import type { Rules, SupervisorEvent, SupervisorState } from "../../../src/daemon/supervise/state.ts";
import { clean, crash, due, ready, recycle, swept } from "./decisions.ts";

interface World {
  state: SupervisorState;
  readonly alive: Set<number>;
  nowMs: number;
  sweeping: boolean;
  waiting: boolean;
  ends: number;
  starts: number;
  automaticStartsMs: number[];
}

/** What a real supervisor does with the effects; everything that must hold is checked at each step. */
function step(world: World, event: SupervisorEvent, under: Rules): void {
  const before = world.state;
  const { state, effects } = decide(before, event, under);
  world.state = state;
  const over = ["stopping", "failed", "stopped"];
  for (const effect of effects) {
    expect(world.ends).toBe(0);
    if (effect.type === "start") {
      expect(over).not.toContain(state.phase);
      expect(over).not.toContain(before.phase);
      expect(world.alive.has(effect.worker)).toBe(false);
      expect(world.sweeping).toBe(false);
      world.alive.add(effect.worker);
      world.starts += 1;
    }
    if (effect.type === "ask" || effect.type === "kill") expect(world.alive).toContain(effect.worker);
    if (effect.type === "takeOver") {
      expect(state.retiring.includes(effect.to) || state.current === effect.to).toBe(true);
      if (effect.from !== null) expect(state.retiring).toContain(effect.from);
    }
    if (effect.type === "sweep") world.sweeping = true;
    if (effect.type === "wait") world.waiting = true;
    if (effect.type === "end") {
      world.ends += 1;
      expect(world.alive.size).toBe(0);
    }
  }
  if (over.includes(before.phase)) expect(over).toContain(state.phase);
  const known = [state.current, state.candidate, ...state.retiring].filter((worker) => worker !== null);
  expect(new Set(known).size).toBe(known.length);
  expect(known.toSorted()).toEqual([...world.alive].toSorted());
  expect(state.candidate !== null).toBe(
    state.phase === "reloading" || (state.candidate !== null && over.includes(state.phase)),
  );
  if (state.phase === "running" || state.phase === "starting") expect(state.current).not.toBeNull();
  if (state.phase === "backing-off") {
    expect(state.current).toBeNull();
    expect(state.recentMs.length).toBeLessThanOrEqual(under.maximum.count + 1);
    if (before.phase !== "backing-off") world.automaticStartsMs.push(world.nowMs);
  }
}

function happens(
  world: World,
  [what, chance, isClean]: readonly [string, number, boolean],
  under: Rules,
): void {
  world.nowMs += chance * 20_000;
  const workers = [...world.alive];
  const worker = workers[Math.floor(chance * workers.length)];
  const { current, candidate } = world.state;
  if (what === "ready") {
    const loading = candidate ?? (world.state.phase === "starting" ? current : null);
    if (loading !== null) step(world, ready(loading, world.nowMs), under);
  } else if (what === "exited") {
    if (worker === undefined) return;
    world.alive.delete(worker);
    const ending = isClean ? clean : crash;
    step(world, { type: "exited", worker, ending, nowMs: world.nowMs, chance }, under);
  } else if (what === "swept") {
    if (!world.sweeping) return;
    world.sweeping = false;
    step(world, swept, under);
  } else if (what === "due") {
    // A timer that was forgotten may fire at any time.
    if (world.waiting) step(world, due, under);
  } else if (what === "recycle") {
    if (worker !== undefined) step(world, recycle(worker, isClean), under);
  } else step(world, { type: what as "reload" | "stop" | "kill" }, under);
}

const occurrence = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("ready", "exited", "swept", "due") },
    { weight: 2, arbitrary: fc.constantFrom("reload", "recycle") },
    { weight: 1, arbitrary: fc.constantFrom("stop", "kill") },
  ),
  fc.double({ min: 0, max: 0.999, noNaN: true }),
  fc.boolean(),
);

const anyRules = fc.record({
  policy: fc.constantFrom("never" as const, "on-failure" as const, "always" as const),
  delayMs: fc.constantFrom(0, 1_000, 120_000),
  maximum: fc.record({ count: fc.integer({ min: 0, max: 4 }), withinMs: fc.constantFrom(1_000, 60_000) }),
  mirrorsExit: fc.boolean(),
});

test("whatever happens, in any order: one current worker, no start after the end, and one end, which always comes", () => {
  fc.assert(
    fc.property(fc.array(occurrence, { maxLength: 60 }), anyRules, (occurrences, under) => {
      const world: World = {
        state: firstState,
        alive: new Set([1]),
        nowMs: 0,
        sweeping: false,
        waiting: false,
        ends: 0,
        starts: 0,
        automaticStartsMs: [],
      };
      for (const what of occurrences) happens(world, what, under);
      const restarts = world.automaticStartsMs;
      for (const [index, timeMs] of restarts.entries()) {
        const within = restarts
          .slice(0, index + 1)
          .filter((other) => timeMs - other < under.maximum.withinMs);
        // A time without a restart for longer than a minute begins the count anew.
        if (under.maximum.withinMs <= 60_000) expect(within.length).toBeLessThanOrEqual(under.maximum.count);
      }
      // A worker that is asked or killed ends, and what it left is swept: then the daemon has ended.
      happens(world, ["stop", 0, true], under);
      for (let turn = 0; turn < 20 && world.ends === 0; turn += 1) {
        happens(world, ["exited", 0, true], under);
        happens(world, ["swept", 0, true], under);
      }
      expect(world.ends).toBe(1);
      for (const what of occurrences) happens(world, what, under);
      expect(world.ends).toBe(1);
    }),
    { numRuns: 2_000 },
  );
});
