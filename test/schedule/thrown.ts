// Catches the ScheduleError of a call, so that a test can look at its message and its hint together.
// Any other error passes through: it is a bug, not a user's mistake.

import { ScheduleError } from "../../src/schedule/schedule-error.ts";

export function thrownBy(call: () => unknown): { message: string; hint: string | undefined } {
  try {
    call();
  } catch (error) {
    if (error instanceof ScheduleError) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("it threw nothing");
}
