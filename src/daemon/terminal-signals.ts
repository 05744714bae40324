// What a terminal sends when it is closed, or to what is not in its foreground. None of it may stop a start half-way:
// the launcher ignores them before it takes the lock, and its children inherit that.
import { setDisposition } from "../libc/signals.ts";

export const terminalSignals = ["SIGHUP", "SIGTTIN", "SIGTTOU", "SIGTSTP"] as const;

/** For a worker, whose children get them as usual: without a terminal they mean nothing. SIGHUP it listens to itself. */
export function restoreTerminalSignals(): void {
  for (const signal of terminalSignals) if (signal !== "SIGHUP") setDisposition(signal, "default");
}

export function ignoreTerminalSignals(): void {
  for (const signal of terminalSignals) setDisposition(signal, "ignore");
}
