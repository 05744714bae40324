// The words that the supervisor's decisions are made of. Plain data: an upgrade hands the state to the next executable.
import type { DaemonState } from "../../control/messages.ts";
import type { BackOffState } from "../../schedule/back-off.ts";

export const restartPolicies = ["never", "on-failure", "always"] as const;
export type RestartPolicy = (typeof restartPolicies)[number];

/** What does not change while the supervisor lives. */
export interface Rules {
  readonly policy: RestartPolicy;
  /** The first delay; each further one may be up to twice as long. */
  readonly delayMs: number;
  readonly maximum: { readonly count: number; readonly withinMs: number };
  /** Whether the exit code is always the worker's own, also after a stop that was asked for. */
  readonly mirrorsExit: boolean;
}

export interface SupervisorState {
  readonly phase: DaemonState;
  /** The worker whose jobs are scheduled, or that is to be that. */
  readonly current: number | null;
  /** The worker that loads its modules beside the current one. */
  readonly candidate: number | null;
  /** Workers that finish their runs on old code. */
  readonly retiring: readonly number[];
  readonly everReady: boolean;
  /** Monotonic. */
  readonly readyAtMs: number | null;
  readonly restarts: number;
  /** When the restarts were that still count, monotonic. */
  readonly recentMs: readonly number[];
  readonly backOff: Readonly<BackOffState>;
  /** How long the back-off takes once the sweep is over. */
  readonly delayMs: number;
  /** Whether "swept" is to come before anything is started. */
  readonly sweeping: boolean;
  readonly lastExit: string | null;
  readonly reloadAgain: boolean;
  /** The current worker is being ended to be replaced, whatever the policy says. */
  readonly recycling: boolean;
  /** Why the candidate is to take the current worker's place, where nobody has asked for it. */
  readonly renewing: string | null;
  readonly killed: boolean;
  /** Whether "end" has been said: it is the last effect. */
  readonly ended: boolean;
  /** Why it has failed. */
  readonly reason: string | null;
  readonly exitCode: number;
  /** The newest worker's. */
  readonly generation: number;
}

/** How a worker ended. */
export interface Ending {
  /** By its name, as log and status tell it. */
  readonly text: string;
  readonly isClean: boolean;
  /** Its exit code, or 128 and the signal's number. */
  readonly code: number;
}

export type SupervisorEvent =
  | { readonly type: "ready"; readonly worker: number; readonly nowMs: number }
  | {
      readonly type: "exited";
      readonly worker: number;
      readonly ending: Ending;
      /** Monotonic. */
      readonly nowMs: number;
      /** From 0 (inclusive) to 1 (exclusive). */
      readonly chance: number;
    }
  /** A back-off is over. */
  | { readonly type: "due" }
  /** What workers left behind is gone. */
  | { readonly type: "swept" }
  | { readonly type: "reload" }
  /** Like a reload, and counted and told as a restart. */
  | { readonly type: "renew"; readonly worker: number; readonly why: string }
  | { readonly type: "recycle"; readonly worker: number; readonly kill: boolean }
  | { readonly type: "stop" }
  | { readonly type: "kill" };

export type Effect =
  | { readonly type: "start"; readonly worker: number }
  /** Ends it in good order, and by KILL when its time is up. */
  | { readonly type: "ask"; readonly worker: number }
  | { readonly type: "kill"; readonly worker: number }
  /** From now on the times are `to`'s; null: there was nobody before. */
  | { readonly type: "takeOver"; readonly from: number | null; readonly to: number }
  /** To whoever asked for a reload before the last start: what came of it, null for success; in the end, to everyone. */
  | { readonly type: "reloaded"; readonly failure: string | null }
  | { readonly type: "announceRestart"; readonly ending: Ending; readonly delayMs: number }
  /** Ends what dead workers left behind, by TERM and KILL or at once. "swept" follows. */
  | { readonly type: "sweep"; readonly kill: boolean }
  | { readonly type: "wait"; readonly delayMs: number }
  | { readonly type: "end"; readonly code: number };

export interface Decision {
  readonly state: SupervisorState;
  readonly effects: readonly Effect[];
}
