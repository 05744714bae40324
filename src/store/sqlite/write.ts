// What waits to be written to the database.
import type { Ended, Retry, SetBack } from "../store.ts";
import type { OpenDecision } from "./open-decisions.ts";

export type Write =
  /** Jobs that could not be entered when they came. */
  | { readonly type: "jobs"; readonly jobs: readonly NewJob[] }
  /** Jobs that were entered become rows of their own. */
  | { readonly type: "arrivals"; readonly row: number }
  /** A job that is known, whose schedule has another text than before. */
  | {
      readonly type: "schedule";
      readonly key: number;
      readonly schedule: string;
      readonly accountedMs: number;
    }
  | { readonly type: "decision"; readonly open: OpenDecision }
  /** `closes`: a decision whose last record this is. */
  | {
      readonly type: "ended";
      readonly ended: Ended;
      readonly closes: OpenDecision | null;
      readonly endsRetry: boolean;
    }
  /** What is left of those that there was no room for, by job; and rows that are not needed any more. */
  | {
      readonly type: "folded";
      readonly jobs: ReadonlyMap<number, FoldedJob>;
      readonly decisions: readonly OpenDecision[];
      readonly retries: readonly RetryKey[];
    }
  /** Records of a decision's jobs from one place to before another, where nothing is there yet. */
  | { readonly type: "records"; readonly of: OpenDecision; readonly from: number; readonly to: number }
  | { readonly type: "retry"; readonly retry: Retry; readonly closes: OpenDecision | null }
  | { readonly type: "set back"; readonly step: SetBack }
  | { readonly type: "pause"; readonly key: number; readonly pausedAtMs: number | null }
  | { readonly type: "boot"; readonly key: number; readonly bootId: string };

export interface NewJob {
  readonly key: number;
  readonly name: string;
  readonly schedule: string;
  readonly accountedMs: number;
}

/** What records that are lost have left of one job. */
export interface FoldedJob {
  readonly accountedMs: number;
  readonly knownMs: number;
  /** The latest that was not skipped. */
  readonly last: Ended | null;
  readonly lastSuccessMs: number | null;
  readonly state: string | null;
}

export type RetryKey = Pick<Retry, "key" | "scheduledAtMs">;
