// Reaping, without waiting.
import { anyChild, type ChildExit, waitFor } from "../../libc/process.ts";
import { errorCode } from "../error.ts";

/** @returns null if that child has not ended, "none" if there is no such child */
export function reap(pid: number): ChildExit | "none" | null {
  try {
    return waitFor(pid, { wait: false });
  } catch (error) {
    if (errorCode(error) === "ECHILD") return "none";
    throw error;
  }
}

/** @returns null if no child has ended */
export function reapOne(): ChildExit | null {
  const ended = reap(anyChild);
  return ended === "none" ? null : ended;
}
