// What becomes of a time that comes while its job still runs. Pure.

export type Overlap =
  | { readonly type: "skip" | "replace" }
  /** `maximum` that wait, and that run side by side. */
  | { readonly type: "queue" | "allow"; readonly maximum: number };

export type OverlapDecision = "run" | "queue" | "replace" | "skip" | "skip-full";

/**
 * @param active how many runs of the job are going on, those included that wait for a place in their concurrency group, or
 * for their next attempt
 * @param queued how many wait for those
 */
export function decideOverlap(overlap: Overlap, active: number, queued: number): OverlapDecision {
  switch (overlap.type) {
    case "skip":
      return active === 0 ? "run" : "skip";
    case "queue":
      if (active === 0 && queued === 0) return "run";
      return queued < overlap.maximum ? "queue" : "skip-full";
    case "allow":
      return active < overlap.maximum ? "run" : "skip-full";
    case "replace":
      return active === 0 ? "run" : "replace";
  }
}
