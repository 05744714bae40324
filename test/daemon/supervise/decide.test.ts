// What the supervisor decides: every state with every event, and what holds for any sequence of events.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decide, firstState } from "../../../src/daemon/supervise/decide.ts";
import type {
  Decision,
  Effect,
  Ending,
  Rules,
  SupervisorEvent,
  SupervisorState,
} from "../../../src/daemon/supervise/state.ts";

const rules: Rules = {
  policy: "on-failure",
  delayMs: 1_000,
  maximum: { count: 3, withinMs: 60_000 },
  mirrorsExit: false,
};
const crash: Ending = { text: "SIGSEGV", isClean: false, code: 139 };
const clean: Ending = { text: "it ended by itself (exit code 0)", isClean: true, code: 0 };

const ready = (worker: number, nowMs = 0): SupervisorEvent => ({ type: "ready", worker, nowMs });
const exited = (worker: number, ending = crash, nowMs = 1): SupervisorEvent => ({
  type: "exited",
  worker,
  ending,
  nowMs,
  chance: 0.5,
});
const [due, swept, reload, stop, kill] = (["due", "swept", "reload", "stop", "kill"] as const).map(
  (type): SupervisorEvent => ({ type }),
) as [SupervisorEvent, SupervisorEvent, SupervisorEvent, SupervisorEvent, SupervisorEvent];
const recycle = (worker: number, byKill = false): SupervisorEvent => ({
  type: "recycle",
  worker,
  kill: byKill,
});

function after(events: readonly SupervisorEvent[], under = rules): SupervisorState {
  return events.reduce((state, event) => decide(state, event, under).state, firstState);
}

/** "start 2", "sweep", "end 9": an effect as a word or two. */
function word(effect: Effect): string {
  switch (effect.type) {
    case "start":
    case "ask":
    case "kill":
      return `${effect.type} ${effect.worker}`;
    case "takeOver":
      return `${effect.from ?? "nobody"} to ${effect.to}`;
    case "reloaded":
      return effect.failure === null ? "reloaded" : `not reloaded: ${effect.failure}`;
    case "announceRestart":
      return `announce ${effect.delayMs}`;
    case "sweep":
      return effect.kill ? "sweep by KILL" : "sweep";
    case "wait":
      return `wait ${effect.delayMs}`;
    case "end":
      return `end ${effect.code}`;
  }
}

const shown = ({ state, effects }: Decision) => [state.phase, ...effects.map(word)].join(", ");

const running = [ready(1)];
const again = [...running, exited(1), swept];
const secondBackOff = [...again, ready(2), exited(2)];
const reloading = [...running, reload];
const orphaned = [...reloading, exited(1)];
const retired = [...reloading, ready(2)];

/** Each state, how it is come to, and what each event makes of it. What is not listed changes nothing and does nothing. */
const states: ReadonlyArray<{
  readonly name: string;
  readonly events: readonly SupervisorEvent[];
  readonly expected: Readonly<Record<string, string>>;
}> = [
  {
    name: "starting for the first time",
    events: [],
    expected: {
      ready: "running, nobody to 1, reloaded",
      crash: "failed, not reloaded: SIGSEGV, sweep by KILL",
      clean: "failed, not reloaded: it ended by itself (exit code 0), sweep by KILL",
      reload: "starting",
      stop: "stopping, not reloaded: it is ending, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, sweep by KILL",
    },
  },
  {
    name: "starting again",
    events: again,
    expected: {
      ready: "running, nobody to 2, reloaded",
      crash: "backing-off, not reloaded: SIGSEGV, announce 500, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), sweep",
      reload: "starting",
      stop: "stopping, not reloaded: it is ending, ask 2",
      kill: "stopping, not reloaded: it is ending, kill 2, sweep by KILL",
    },
  },
  {
    name: "running",
    events: running,
    expected: {
      crash: "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), sweep",
      reload: "reloading, start 2",
      recycle: "running, ask 1",
      "recycle by KILL": "running, kill 1",
      stop: "stopping, not reloaded: it is ending, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, sweep by KILL",
    },
  },
  {
    name: "reloading",
    events: reloading,
    expected: {
      ready: "running, 1 to 2, reloaded",
      crash: "reloading",
      clean: "reloading",
      "candidate crashes": "running, not reloaded: SIGSEGV",
      reload: "reloading",
      recycle: "reloading, ask 1",
      "recycle by KILL": "reloading, kill 1",
      stop: "stopping, not reloaded: it is ending, kill 2, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, kill 2, sweep by KILL",
    },
  },
  {
    name: "reloading with the current worker dead",
    events: orphaned,
    expected: {
      ready: "running, nobody to 2, reloaded",
      "candidate crashes": "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      reload: "reloading",
      stop: "stopping, not reloaded: it is ending, kill 2",
      kill: "stopping, not reloaded: it is ending, kill 2, sweep by KILL",
    },
  },
  {
    name: "running beside a worker that finishes on old code",
    events: retired,
    expected: {
      crash: "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), ask 1, sweep",
      "old one ends": "running",
      reload: "reloading, start 3",
      recycle: "running, ask 2",
      "recycle by KILL": "running, kill 2",
      stop: "stopping, not reloaded: it is ending, ask 2, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 2, kill 1, sweep by KILL",
    },
  },
  {
    name: "backing off before the sweep is over",
    events: secondBackOff,
    expected: {
      swept: "backing-off, wait 500",
      reload: "backing-off",
      stop: "stopping, not reloaded: it is ending, sweep",
      kill: "stopping, not reloaded: it is ending, sweep by KILL",
    },
  },
  {
    name: "backing off after the sweep",
    events: [...secondBackOff, swept],
    expected: {
      due: "starting, start 3",
      reload: "starting, start 3",
      // Nobody says it twice; what was swept once more is no reason to wait again and longer.
      swept: "backing-off, wait 500",
      stop: "stopping, not reloaded: it is ending, sweep",
      kill: "stopping, not reloaded: it is ending, sweep by KILL",
    },
  },
  {
    name: "stopping",
    events: [...running, stop],
    expected: {
      crash: "stopping, sweep",
      clean: "stopping, sweep",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, kill 1, sweep by KILL",
    },
  },
  {
    name: "stopping with a candidate",
    events: [...reloading, stop],
    expected: {
      crash: "stopping",
      clean: "stopping",
      "candidate crashes": "stopping",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, kill 1, kill 2, sweep by KILL",
    },
  },
  {
    name: "stopping without a worker",
    events: [...running, stop, exited(1)],
    expected: {
      swept: "stopped, end 0",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, sweep by KILL",
    },
  },
  {
    name: "failed, and sweeping",
    events: [exited(1)],
    expected: {
      swept: "failed, end 9",
      reload: "failed, not reloaded: it is ending",
      kill: "failed, sweep by KILL",
    },
  },
  { name: "failed", events: [exited(1), swept], expected: {} },
  { name: "stopped", events: [...running, stop, exited(1), swept], expected: {} },
];

const newest = ({ current, candidate }: SupervisorState) => candidate ?? current ?? 99;

/** The events, as they are about the workers of a state. */
const events: Readonly<Record<string, (state: SupervisorState) => SupervisorEvent>> = {
  ready: (state) => ready(newest(state)),
  crash: ({ current }) => exited(current ?? 98, crash),
  clean: ({ current }) => exited(current ?? 98, clean),
  "candidate crashes": ({ candidate }) => exited(candidate ?? 97),
  "old one ends": ({ retiring }) => exited(retiring[0] ?? 96, clean),
  "a stranger ends": () => exited(95),
  due: () => due,
  swept: () => swept,
  reload: () => reload,
  recycle: ({ current }) => recycle(current ?? 98),
  "recycle by KILL": ({ current }) => recycle(current ?? 98, true),
  "recycle another": () => recycle(95),
  stop: () => stop,
  kill: () => kill,
};

describe.each(states.map((state) => [state.name, state] as const))(
  "%s",
  (_name, { events: path, expected }) => {
    test.each(Object.keys(events))("%s", (name) => {
      const state = after(path);
      const event = events[name]?.(state) ?? stop;
      expect(shown(decide(state, event, rules))).toBe(expected[name] ?? state.phase);
    });
  },
);

test("a reload that is asked for while one goes on is done after it, once", () => {
  const twice = after([...reloading, reload, reload]);
  const first = decide(twice, ready(2), rules);
  expect(shown(first)).toBe("reloading, 1 to 2, reloaded, start 3");
  expect(shown(decide(first.state, ready(3), rules))).toBe("running, 2 to 3, reloaded");
});

test("a reload that fails is followed by the one that was asked for meanwhile", () => {
  const state = after([...reloading, reload]);
  expect(shown(decide(state, exited(2), rules))).toBe("reloading, not reloaded: SIGSEGV, start 3");
});

test("a reload during a start that fails needs no second start", () => {
  const state = after([...again, reload, exited(2), swept, due]);
  expect(shown(decide(state, ready(3), rules))).toBe("running, nobody to 3, reloaded");
});

test("a reload during a sweep starts as soon as the sweep is over, without the delay", () => {
  expect(shown(decide(after([...secondBackOff, reload]), swept, rules))).toBe("starting, start 3");
});

test("an older back-off's end does not start anything during the next one's sweep", () => {
  const state = after([...secondBackOff, swept, reload, ready(3), exited(3)]);
  expect(shown(decide(state, due, rules))).toBe("backing-off");
});

test("--restart never ends with the worker's own code, always restarts after a clean end", () => {
  expect(shown(decide(after(running), exited(1), { ...rules, policy: "never" }))).toBe(
    "failed, not reloaded: SIGSEGV, sweep",
  );
  expect(after([...running, exited(1)], { ...rules, policy: "never" })).toMatchObject({
    exitCode: 139,
    reason: "SIGSEGV",
  });
  expect(shown(decide(after(running), exited(1, clean), { ...rules, policy: "always" }))).toBe(
    "backing-off, not reloaded: it ended by itself (exit code 0), announce 0, sweep",
  );
});

test("a recycled worker's clean end is a restart, that of the one after it is not", () => {
  const state = after([...running, recycle(1), exited(1, clean), swept, ready(2)]);
  expect(state).toMatchObject({ phase: "running", restarts: 1, current: 2 });
  expect(after([...running, recycle(1), exited(1, clean), swept, ready(2), exited(2, clean)]).phase).toBe(
    "stopping",
  );
  const reloaded = [...running, recycle(1), reload, ready(2), exited(2, clean)];
  expect(after(reloaded).phase).toBe("stopping");
});

function crashes(times: number, gapMs: number, livesMs = 0) {
  const delays: number[] = [];
  let state = firstState;
  for (let index = 0; index < times && state.phase !== "failed"; index += 1) {
    const startMs = index * gapMs;
    state = decide(state, ready(state.current ?? 0, startMs), rules).state;
    const decision = decide(state, exited(state.current ?? 0, crash, startMs + livesMs), rules);
    delays.push(...decision.effects.flatMap((effect) => ("delayMs" in effect ? [effect.delayMs] : [])));
    state = decide(decision.state, swept, rules).state;
    if (state.phase === "backing-off") state = decide(state, due, rules).state;
  }
  return { state, delays };
}

test("the first restart is at once, then the delays double, and more than the maximum is a failure", () => {
  const { state, delays } = crashes(9, 1_000);
  expect(delays).toEqual([0, 500, 1_000]);
  expect(state).toMatchObject({ phase: "failed", restarts: 3, exitCode: 1 });
  expect(state.reason).toBe("it ended 4 times within 1m, the last time by: SIGSEGV");
});

test("restarts that are older than the time do not count, and a delay is never longer than a minute", () => {
  const { state, delays } = crashes(12, 25_000);
  expect(state.phase).toBe("starting");
  expect(delays.at(-1)).toBe(30_000);
});

test("after a healthy period the next restart is the first", () => {
  expect(crashes(9, 100_000, 61_000)).toMatchObject({ delays: [0, 0, 0, 0, 0, 0, 0, 0, 0] });
});

test("a stop before anything was ready is no success; process 1 ends as its worker did", () => {
  expect(after([stop, exited(1)]).exitCode).toBe(9);
  expect(after([...running, stop, exited(1)]).exitCode).toBe(0);
  expect(after([...running, stop, exited(1)], { ...rules, mirrorsExit: true }).exitCode).toBe(139);
});

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
