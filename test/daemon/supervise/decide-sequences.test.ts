// What the supervisor decides when one thing follows another: reloads, restarts and their delays, stops.
import { expect, test } from "bun:test";
import { decide, firstState } from "../../../src/daemon/supervise/decide.ts";
import {
  after,
  again,
  clean,
  crash,
  due,
  exited,
  ready,
  recycle,
  reload,
  reloading,
  rules,
  running,
  secondBackOff,
  shown,
  stop,
  swept,
} from "./decisions.ts";

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
