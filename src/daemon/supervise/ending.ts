// How a worker ended, by its name. Pure.
import type { ChildExit } from "../../libc/process.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { Ending } from "./state.ts";

const longestText = 300;

/**
 * @param why what is known beyond the exit status: its own last words, or what the supervisor did to it
 * @param outOfMemory whether the kernel has killed something for want of memory while it ran
 */
export function endingOf(
  { exitCode, signal }: Pick<ChildExit, "exitCode" | "signal">,
  why: string | null,
  outOfMemory: boolean,
  signalNumber: (name: string) => number,
): Ending {
  const status =
    signal === null
      ? exitCode === 0
        ? "it ended by itself (exit code 0)"
        : `exit code ${exitCode}`
      : signal === "SIGKILL" && outOfMemory
        ? "SIGKILL (out of memory: the kernel killed it)"
        : signal;
  return {
    text: (why ?? status).slice(0, longestText),
    isClean: exitCode === 0,
    code: signal === null ? (exitCode ?? 0) : 128 + signalNumber(signal),
  };
}

export function restartText({ text }: Ending, delayMs: number): string {
  const when = delayMs === 0 ? "now" : `in ${formatDuration(delayMs)}`;
  return `the worker ended (${text}): starting it again ${when}`;
}

export function deniedText(signal: string, pid: number): string {
  return `cannot send ${signal} to pid ${pid}: it has become another user, and has to be ended by root`;
}
