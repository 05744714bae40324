// Upgrading a supervisor: the executable on disk is examined while all goes on, the asker is answered, and then this process
// becomes that executable, if nothing has come in between.
import { closeSync } from "node:fs";
import type { UpgradeReport } from "../../control/messages.ts";
import { exitCode } from "../../exit-code.ts";
import type { ChildExit } from "../../libc/process.ts";
import { commit, version } from "../../version.ts";
import { DjobError, shownError } from "../error.ts";
import { openExecutable } from "../executable.ts";
import { type Edition, examineExecutable } from "./examine-executable.ts";
import type { SignalIntake } from "./signal-intake.ts";
import type { SupervisorMemory } from "./successor.ts";

export interface UpgradePort {
  readonly signals: Pick<SignalIntake, "begin" | "hold">;
  memory(): Omit<SupervisorMemory, "monotonicMs" | "before">;
  /** Returns only by an error, while the signals are held. @param executable a descriptor */
  become(executable: number, remember: () => SupervisorMemory): never;
  /** Calls back when the answers to all requests have left. */
  whenAnswered(call: () => void): void;
  log(level: "info" | "error", message: string): void;
}

export const ownEdition: Edition = { version, commit };

export function describeEdition(edition: Edition): string {
  return `${edition.version} (${edition.commit})`;
}

/** Less than the asker's, who sees by the status that it is done. */
const patienceMs = 8_000;
const pollMs = 10;

export class Upgrade {
  readonly #port: UpgradePort;
  #busy = false;
  readonly #awaited = new Map<number, (exit: ChildExit) => void>();

  constructor(port: UpgradePort) {
    this.#port = port;
  }

  /** A child that is no worker has been reaped. */
  otherEnded(exit: ChildExit): void {
    this.#awaited.get(exit.pid)?.(exit);
    this.#awaited.delete(exit.pid);
  }

  async begin(): Promise<UpgradeReport> {
    const obstacle = this.#busy ? "it is being upgraded" : this.#obstacle();
    if (obstacle !== null) return refuse(obstacle, "try again in a moment");
    this.#busy = true;
    try {
      const executable = openExecutable();
      try {
        await examineExecutable(executable, (pid) => this.#endOf(pid));
      } catch (error) {
        closeSync(executable.descriptor);
        throw error;
      }
      const deadlineMs = performance.now() + patienceMs;
      this.#port.whenAnswered(() => void this.#become(executable.descriptor, deadlineMs));
      return { outcome: "replacing", failure: null, hint: null };
    } catch (error) {
      this.#busy = false;
      const { message, hint } = shownError(error);
      return refuse(message, hint);
    }
  }

  /** A reload that has come in between is waited for, also one that a signal has asked for just now. */
  async #become(executable: number, deadlineMs: number): Promise<void> {
    const { signals } = this.#port;
    if (this.#obstacle() === null) await signals.hold();
    const obstacle = this.#obstacle();
    if (obstacle !== null && performance.now() < deadlineMs) {
      signals.begin();
      setTimeout(() => void this.#become(executable, deadlineMs), pollMs);
      return;
    }
    try {
      if (obstacle !== null) throw new DjobError(exitCode.failed, obstacle);
      this.#port.become(executable, () => ({
        ...this.#port.memory(),
        before: ownEdition,
        monotonicMs: performance.now(),
      }));
    } catch (error) {
      signals.begin();
      this.#busy = false;
      closeSync(executable);
      this.#port.log("error", `not upgraded: ${shownError(error).message}`);
    }
  }

  /** What a successor could not go on with: a worker that is loading, or is being replaced. */
  #obstacle(): string | null {
    const { phase, recycling } = this.#port.memory().state;
    if (phase !== "running") return `it is ${phase}`;
    return recycling ? "its worker is being replaced" : null;
  }

  #endOf(pid: number): Promise<ChildExit> {
    const { promise, resolve } = Promise.withResolvers<ChildExit>();
    this.#awaited.set(pid, resolve);
    return promise;
  }
}

function refuse(failure: string, hint: string | null): UpgradeReport {
  return { outcome: "refused", failure, hint };
}
