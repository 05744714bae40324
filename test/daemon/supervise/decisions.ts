// What the tests of the supervisor's decisions are written with: events and states in a word or two.
import { decide, firstState } from "../../../src/daemon/supervise/decide.ts";
import type {
  Decision,
  Effect,
  Ending,
  Rules,
  SupervisorEvent,
  SupervisorState,
} from "../../../src/daemon/supervise/state.ts";

export const rules: Rules = {
  policy: "on-failure",
  delayMs: 1_000,
  maximum: { count: 3, withinMs: 60_000 },
  mirrorsExit: false,
};
export const crash: Ending = { text: "SIGSEGV", isClean: false, code: 139 };
export const clean: Ending = { text: "it ended by itself (exit code 0)", isClean: true, code: 0 };

export const ready = (worker: number, nowMs = 0): SupervisorEvent => ({ type: "ready", worker, nowMs });
export const exited = (worker: number, ending = crash, nowMs = 1): SupervisorEvent => ({
  type: "exited",
  worker,
  ending,
  nowMs,
  chance: 0.5,
});
export const [due, swept, reload, stop, kill] = (["due", "swept", "reload", "stop", "kill"] as const).map(
  (type): SupervisorEvent => ({ type }),
) as [SupervisorEvent, SupervisorEvent, SupervisorEvent, SupervisorEvent, SupervisorEvent];
export const recycle = (worker: number, byKill = false): SupervisorEvent => ({
  type: "recycle",
  worker,
  kill: byKill,
});

export function after(events: readonly SupervisorEvent[], under = rules): SupervisorState {
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

export const shown = ({ state, effects }: Decision) => [state.phase, ...effects.map(word)].join(", ");

export const running = [ready(1)];
export const again = [...running, exited(1), swept];
export const secondBackOff = [...again, ready(2), exited(2)];
export const reloading = [...running, reload];
export const orphaned = [...reloading, exited(1)];
export const retired = [...reloading, ready(2)];
