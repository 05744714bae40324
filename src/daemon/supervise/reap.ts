// Reaping, without waiting.
import { anyChild, type ChildExit, waitFor } from "../../libc/process.ts";
import { errorCode } from "../error.ts";

/** @returns null if no child has ended */
export function reapOne(): ChildExit | null {
  try {
    return waitFor(anyChild, { wait: false });
  } catch (error) {
    if (errorCode(error) === "ECHILD") return null;
    throw error;
  }
}
