// Why a daemon has failed, kept beside its pidfile for `djob status` when nobody is left to ask.
import { constants, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Paths } from "../paths.ts";
import type { SupervisorState } from "./state.ts";

export interface Failure {
  readonly reason: string;
  readonly restarts: number;
  readonly lastExit: string | null;
}

const mode = 0o600;

export function writeFailure(
  paths: Paths,
  { reason, restarts, lastExit }: SupervisorState,
  log: (level: "warn", message: string) => void,
): void {
  const path = failurePath(paths);
  const failure: Failure = { reason: reason ?? "", restarts, lastExit };
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    rmSync(`${path}.new`, { force: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(failure)}\n`, { mode, flag: flags as unknown as string });
    renameSync(`${path}.new`, path);
  } catch (error) {
    log("warn", `why it failed can't be kept in ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

export function clearFailure(paths: Paths): void {
  rmSync(failurePath(paths), { force: true });
}

/** @returns null if it did not fail, or that is not known */
export function readFailure(paths: Paths): Failure | null {
  try {
    const value: unknown = JSON.parse(readFileSync(failurePath(paths), "utf8"));
    if (typeof value !== "object" || value === null) return null;
    const { reason, restarts, lastExit } = value as Record<string, unknown>;
    if (typeof reason !== "string" || typeof restarts !== "number") return null;
    return { reason, restarts, lastExit: typeof lastExit === "string" ? lastExit : null };
  } catch {
    return null;
  }
}

function failurePath({ socket }: Paths): string {
  return socket.replace(/\.sock$/, ".failed");
}
