// Taking the lock for a new daemon, or telling whose it is.

import { exitCode } from "../../exit-code.ts";
import { DjobError } from "../error.ts";
import { clearPid, lookAtLock, tryLock } from "./pidfile.ts";
import { dyingMs, hasEnded } from "./process-table.ts";

const attempts = 5;
const attemptPauseMs = 2;
/** The first pause, and the longest: hundreds that wait must not take the processor from the one that starts. */
const pidPauseMs = { first: 5, longest: 80 };
const pidPatienceMs = 30_000;

/**
 * Takes the lock, makes the pidfile empty, and returns the locked descriptor.
 * @throws {DjobError} with exit code 8 and the holder's pid
 */
export async function takeLock(name: string, path: string): Promise<number> {
  const deadlineMs = performance.now() + pidPatienceMs;
  for (;;) {
    const descriptor = await tryRepeatedly(path);
    if (descriptor !== null) {
      clearPid(descriptor);
      return descriptor;
    }
    const holder = await waitForHolder(path, deadlineMs);
    if (holder === "gone") continue;
    const who = holder === null ? "another djob run is starting it" : `pid ${holder}`;
    throw new DjobError(
      exitCode.alreadyRunning,
      `${name} is already running (${who})`,
      `stop it with: djob stop ${name}`,
    );
  }
}

/** Somebody who only looks at the lock holds it shared for an instant. */
async function tryRepeatedly(path: string): Promise<number | null> {
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    const descriptor = tryLock(path);
    if (descriptor !== null) return descriptor;
    await Bun.sleep(attemptPauseMs);
  }
  return tryLock(path);
}

/** The holder writes its pid as soon as it runs, and when it is killed its workers follow. @returns null if it took too long for that */
async function waitForHolder(path: string, deadlineMs: number): Promise<number | "gone" | null> {
  const deadMs = performance.now() + dyingMs;
  for (let pauseMs = pidPauseMs.first; ; pauseMs = Math.min(pauseMs * 2, pidPauseMs.longest)) {
    const look = lookAtLock(path);
    if (look.state !== "held") return "gone";
    if (look.pid !== null && (isThere(look.pid) || performance.now() > deadMs)) return look.pid;
    if (performance.now() > deadlineMs) return null;
    await Bun.sleep(pauseMs);
  }
}

/** Where there is no /proc, nothing says otherwise. */
function isThere(pid: number): boolean {
  return process.platform !== "linux" || !hasEnded(pid);
}
