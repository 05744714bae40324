// Whoever has asked for a reload, and waits for what comes of it. A worker that was started before the question may have
// read the modules before they changed: it answers nobody who asked later.
import type { ReloadReport } from "../../control/messages.ts";

type Waiter = (report: ReloadReport) => void;

export class ReloadAnswers {
  #waiting: Waiter[] = [];
  /** Those of them who asked before the last start. */
  #loading: Waiter[] = [];

  wait(): Promise<ReloadReport> {
    const { promise, resolve } = Promise.withResolvers<ReloadReport>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** A worker begins to load the modules. */
  started(): void {
    this.#loading.push(...this.#waiting.splice(0));
  }

  /**
   * @param failed null: it has succeeded
   * @param isLast whether nothing will be started any more
   */
  give(failed: Pick<ReloadReport, "failure" | "hint"> | null, isLast: boolean): void {
    if (isLast) this.started();
    const report: ReloadReport =
      failed === null ? { outcome: "reloaded", failure: null, hint: null } : { outcome: "failed", ...failed };
    for (const answer of this.#loading.splice(0)) answer(report);
  }
}
