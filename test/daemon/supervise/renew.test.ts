// A worker that has to make room without having failed: what the supervisor decides.
import { expect, test } from "bun:test";
import { decide, firstState } from "../../../src/daemon/supervise/decide.ts";
import type { Rules, SupervisorEvent, SupervisorState } from "../../../src/daemon/supervise/state.ts";

const rules: Rules = {
  policy: "never",
  delayMs: 1_000,
  maximum: { count: 10, withinMs: 600_000 },
  mirrorsExit: false,
};

function after(...events: readonly SupervisorEvent[]) {
  let state: SupervisorState = firstState;
  let effects: ReturnType<typeof decide>["effects"] = [];
  for (const event of events) ({ state, effects } = decide(state, event, rules));
  return { state, effects };
}

const ready = (worker: number): SupervisorEvent => ({ type: "ready", worker, nowMs: 1_000 });
const exited = (worker: number): SupervisorEvent => ({
  type: "exited",
  worker,
  ending: { text: "SIGKILL", isClean: false, code: 137 },
  nowMs: 2_000,
  chance: 0.5,
});
const renew = (worker: number): SupervisorEvent => ({ type: "renew", worker, why: "too large" });

test("one that is too large is replaced beside it, and that is a restart, held against nobody", () => {
  const asked = after(ready(1), renew(1));
  expect(asked).toMatchObject({ state: { phase: "reloading" }, effects: [{ type: "start", worker: 2 }] });
  const done = after(ready(1), renew(1), ready(2));
  expect(done.effects[0]).toEqual({ type: "takeOver", from: 1, to: 2 });
  expect(done.state).toMatchObject({ restarts: 1, lastExit: "too large", recentMs: [], renewing: null });
});

test("a new one that does not become ready leaves the old one, and counts as nothing", () => {
  const failed = after(ready(1), renew(1), exited(2));
  expect(failed.state).toMatchObject({ phase: "running", current: 1, restarts: 0, renewing: null });
  const reloaded = decide(decide(failed.state, { type: "reload" }, rules).state, ready(3), rules);
  expect(reloaded.state).toMatchObject({ current: 3, restarts: 0, lastExit: null });
});

test("an old one that dies meanwhile is counted once", () => {
  const { state } = after(ready(1), renew(1), exited(1), ready(2));
  expect(state).toMatchObject({ phase: "running", current: 2, restarts: 1, lastExit: "SIGKILL" });
});

test.each([
  ["is not the current one", [ready(1), renew(7)]],
  ["is still starting", [renew(1)]],
  ["is stopping", [ready(1), { type: "stop" } as const, renew(1)]],
])("nothing happens to one that %s", (_what, events) => {
  expect(after(...events).effects).toEqual([]);
});

test("one that hangs is killed and started again under any policy, once", () => {
  const hung: SupervisorEvent = { type: "recycle", worker: 1, kill: true };
  expect(after(ready(1), hung).effects).toEqual([{ type: "kill", worker: 1 }]);
  const again = after(ready(1), hung, exited(1), { type: "swept" }, ready(2));
  expect(again.state).toMatchObject({ phase: "running", current: 2, restarts: 1 });
  expect(after(ready(1), hung, exited(1), { type: "swept" }, ready(2), exited(2)).state.phase).toBe("failed");
});

test("killed during a reload, the new one is not one to start again whatever the policy says", () => {
  const hung: SupervisorEvent = { type: "recycle", worker: 1, kill: true };
  const { state } = after(ready(1), { type: "reload" }, hung, exited(1), ready(2), exited(2));
  expect(state).toMatchObject({ phase: "failed", restarts: 1 });
});
