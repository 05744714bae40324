// What the supervisor does next: a state and what has happened in, the next state and a list of effects out. Pure: the
// caller gives the time and the chance. A worker is known by its generation, never by its pid, which may come again.
import { exitCode } from "../../exit-code.ts";
import { nextBackOff } from "../../schedule/back-off.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { Decision, Effect, Ending, Rules, SupervisorEvent, SupervisorState } from "./state.ts";

/** Exponential back-off with full jitter starts at the restart delay and does not grow beyond this. */
const longestDelayMs = 60_000;
/** A worker that was ready for longer was healthy: what follows counts as the first restart. */
const healthyMs = 60_000;

export const firstState: SupervisorState = {
  phase: "starting",
  current: 1,
  candidate: null,
  retiring: [],
  everReady: false,
  readyAtMs: null,
  restarts: 0,
  recentMs: [],
  backOff: { attempts: 0 },
  delayMs: 0,
  sweeping: false,
  lastExit: null,
  reloadAgain: false,
  recycling: false,
  renewing: null,
  killed: false,
  ended: false,
  reason: null,
  exitCode: 0,
  generation: 1,
};

export function decide(state: SupervisorState, event: SupervisorEvent, rules: Rules): Decision {
  if (state.ended) return unchanged(state);
  switch (event.type) {
    case "ready":
      return whenReady(state, event.worker, event.nowMs);
    case "exited":
      return whenExited(state, event, rules);
    case "due":
      // One that comes before the sweep is over is an older back-off's.
      return state.phase === "backing-off" && !state.sweeping ? startNext(state) : unchanged(state);
    case "swept":
      return whenSwept({ ...state, sweeping: false });
    case "reload":
      return whenReload(state);
    case "renew":
      return whenRenewed(state, event);
    case "recycle":
      return whenRecycled(state, event);
    case "stop":
      return isOver(state) ? unchanged(state) : stop(state);
    case "kill":
      return kill(state);
  }
}

function whenReady(state: SupervisorState, worker: number, nowMs: number): Decision {
  const ready = { ...state, everReady: true, readyAtMs: nowMs, recycling: false, phase: "running" as const };
  if (state.phase === "starting" && worker === state.current) {
    return reloadIfAsked(ready, [
      { type: "takeOver", from: null, to: worker },
      { type: "reloaded", failure: null },
    ]);
  }
  if (state.phase === "reloading" && worker === state.candidate) {
    const old = state.current;
    const next = { ...renewed(ready), current: worker, candidate: null, recycling: false };
    if (old !== null) next.retiring = [...state.retiring, old];
    return reloadIfAsked(next, [
      { type: "takeOver", from: old, to: worker },
      { type: "reloaded", failure: null },
    ]);
  }
  return unchanged(state);
}

function reloadIfAsked(state: SupervisorState, effects: readonly Effect[]): Decision {
  if (!state.reloadAgain) return { state, effects };
  const again = whenReload({ ...state, reloadAgain: false });
  return { state: again.state, effects: [...effects, ...again.effects] };
}

function whenExited(state: SupervisorState, event: Exited, rules: Rules): Decision {
  const { worker, ending } = event;
  const retiring = state.retiring.filter((other) => other !== worker);
  if (retiring.length < state.retiring.length) return afterRetirement({ ...state, retiring });
  if (worker === state.candidate) {
    const left = { ...state, candidate: null, renewing: null };
    if (state.phase !== "reloading") return afterRetirement(left);
    if (state.current === null) return afterLoss({ ...left, lastExit: ending.text }, ending, event, rules);
    const failed: Effect = { type: "reloaded", failure: ending.text };
    return reloadIfAsked({ ...left, phase: "running" }, [failed]);
  }
  if (worker !== state.current) return unchanged(state);
  const gone = { ...state, current: null, lastExit: ending.text };
  if (state.phase === "stopping")
    return afterRetirement({ ...gone, exitCode: endCode(state, ending, rules) });
  // The new one is loading already: nothing else is needed.
  if (state.phase === "reloading") {
    const left = { ...gone, readyAtMs: null, recycling: false, renewing: null };
    return { state: countRestart(left, event), effects: [] };
  }
  return afterLoss(gone, ending, event, rules);
}

type Exited = Extract<SupervisorEvent, { type: "exited" }>;

/** No worker is left that works. */
function afterLoss(state: SupervisorState, ending: Ending, event: Exited, rules: Rules): Decision {
  const failed: Effect = { type: "reloaded", failure: ending.text };
  if (!state.everReady) {
    return end({ ...state, phase: "failed", reason: ending.text, exitCode: exitCode.notReady }, [failed]);
  }
  const { policy } = rules;
  const restarts = state.recycling || policy === "always" || (policy === "on-failure" && !ending.isClean);
  if (!restarts) {
    const phase = ending.isClean ? ("stopping" as const) : ("failed" as const);
    const reason = ending.isClean ? null : ending.text;
    return end({ ...state, phase, reason, exitCode: ending.code }, [failed]);
  }
  const ranMs = state.readyAtMs === null ? 0 : event.nowMs - state.readyAtMs;
  const isHealthy = ranMs > healthyMs;
  const recentMs = isHealthy
    ? []
    : state.recentMs.filter((timeMs) => event.nowMs - timeMs < rules.maximum.withinMs);
  if (recentMs.length >= rules.maximum.count) {
    const within = formatDuration(rules.maximum.withinMs);
    const reason = `it ended ${recentMs.length + 1} times within ${within}, the last time by: ${ending.text}`;
    return end({ ...state, phase: "failed", reason, exitCode: exitCode.failed }, [failed]);
  }
  const attempts = isHealthy ? 0 : state.backOff.attempts;
  const { delayMs } =
    attempts === 0
      ? { delayMs: 0 }
      : nextBackOff(
          { attempts: attempts - 1 },
          {
            healthyMs,
            initialMs: rules.delayMs,
            factor: 2,
            maximumMs: Math.max(longestDelayMs, rules.delayMs),
            jitter: "full",
          },
          0,
          event.chance,
        );
  const waiting: SupervisorState = {
    ...state,
    phase: "backing-off",
    recentMs,
    backOff: { attempts: attempts + 1 },
    delayMs,
    sweeping: true,
    readyAtMs: null,
    recycling: false,
  };
  const announced: Effect = { type: "announceRestart", ending, delayMs };
  return {
    state: countRestart(waiting, event),
    effects: [failed, announced, { type: "sweep", kill: false }],
  };
}

/** A worker's death that is made good by another worker. */
function countRestart(state: SupervisorState, { nowMs }: Exited): SupervisorState {
  return { ...state, restarts: state.restarts + 1, recentMs: [...state.recentMs, nowMs] };
}

function whenSwept(state: SupervisorState): Decision {
  if (state.phase === "backing-off") {
    return state.delayMs === 0
      ? startNext(state)
      : { state, effects: [{ type: "wait", delayMs: state.delayMs }] };
  }
  if (!isOver(state) || !hasNoWorker(state)) return unchanged(state);
  const phase = state.phase === "failed" ? ("failed" as const) : ("stopped" as const);
  return { state: { ...state, phase, ended: true }, effects: [{ type: "end", code: state.exitCode }] };
}

function startNext(state: SupervisorState): Decision {
  const generation = state.generation + 1;
  return {
    state: { ...state, phase: "starting", generation, current: generation, delayMs: 0, reloadAgain: false },
    effects: [{ type: "start", worker: generation }],
  };
}

function whenReload(state: SupervisorState): Decision {
  switch (state.phase) {
    case "starting":
    case "reloading":
      return { state: { ...state, reloadAgain: true }, effects: [] };
    case "running": {
      const generation = state.generation + 1;
      return {
        state: { ...state, phase: "reloading", generation, candidate: generation },
        effects: [{ type: "start", worker: generation }],
      };
    }
    case "backing-off":
      return state.sweeping ? unchanged({ ...state, delayMs: 0 }) : startNext(state);
    default:
      return { state, effects: [refused] };
  }
}

function whenRenewed(state: SupervisorState, { worker, why }: Renew): Decision {
  if (worker !== state.current || state.phase !== "running") return unchanged(state);
  return whenReload({ ...state, renewing: why });
}

type Renew = Extract<SupervisorEvent, { type: "renew" }>;

/** Such a restart says nothing of failures: it is not held against the daemon. */
function renewed(state: SupervisorState): SupervisorState {
  const { renewing } = state;
  return renewing === null
    ? state
    : { ...state, renewing: null, restarts: state.restarts + 1, lastExit: renewing };
}

/** The current worker has to make room for another one. */
function whenRecycled(state: SupervisorState, { worker, kill: byKill }: Recycle): Decision {
  if (worker !== state.current || (state.phase !== "running" && state.phase !== "reloading"))
    return unchanged(state);
  const effect: Effect = byKill ? { type: "kill", worker } : { type: "ask", worker };
  return { state: { ...state, recycling: true }, effects: [effect] };
}

type Recycle = Extract<SupervisorEvent, { type: "recycle" }>;

function stop(state: SupervisorState): Decision {
  const { current, candidate, retiring } = state;
  const stopping = { ...state, phase: "stopping" as const, reloadAgain: false };
  if (hasNoWorker(state)) return end(stopping, [refused]);
  const effects: Effect[] = [refused];
  if (candidate !== null) effects.push({ type: "kill", worker: candidate });
  for (const worker of [current, ...retiring]) if (worker !== null) effects.push({ type: "ask", worker });
  return { state: stopping, effects };
}

/** Also where nobody has asked it to stop before. */
function kill(state: SupervisorState): Decision {
  const workers = [state.current, state.candidate, ...state.retiring].filter((worker) => worker !== null);
  const phase = state.phase === "failed" ? state.phase : ("stopping" as const);
  const kills: Effect[] = workers.map((worker) => ({ type: "kill", worker }));
  return {
    state: { ...state, killed: true, reloadAgain: false, sweeping: true, phase },
    effects: [...(isOver(state) ? [] : [refused]), ...kills, { type: "sweep", kill: true }],
  };
}

/** A worker that mattered no more is gone; at a stop the last one's end is the daemon's. */
function afterRetirement(state: SupervisorState): Decision {
  const ends = (state.phase === "stopping" || state.phase === "failed") && hasNoWorker(state);
  return ends ? end(state, []) : { state, effects: [] };
}

function end(state: SupervisorState, effects: readonly Effect[]): Decision {
  const others: Effect[] = [state.candidate, ...state.retiring]
    .filter((worker) => worker !== null)
    .map((worker) => ({ type: "ask", worker }));
  // Of a daemon that never was, nothing is given time.
  return {
    state: { ...state, sweeping: true },
    effects: [...effects, ...others, { type: "sweep", kill: state.killed || !state.everReady }],
  };
}

const refused: Effect = { type: "reloaded", failure: "it is ending" };

function endCode({ killed, everReady }: SupervisorState, ending: Ending, { mirrorsExit }: Rules): number {
  if (mirrorsExit || killed) return ending.code;
  return everReady ? exitCode.done : exitCode.notReady;
}

function hasNoWorker({ current, candidate, retiring }: SupervisorState): boolean {
  return current === null && candidate === null && retiring.length === 0;
}

/** Nothing is started any more. */
export function isOver({ phase }: SupervisorState): boolean {
  return phase === "stopping" || phase === "failed" || phase === "stopped";
}

function unchanged(state: SupervisorState): Decision {
  return { state, effects: [] };
}
