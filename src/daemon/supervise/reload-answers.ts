// Whoever has asked for a reload, and waits for what comes of it.
import type { ReloadReport } from "../../control/messages.ts";

export class ReloadAnswers {
  #waiting: ((report: ReloadReport) => void)[] = [];

  wait(): Promise<ReloadReport> {
    const { promise, resolve } = Promise.withResolvers<ReloadReport>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** @param failed null: it has succeeded */
  give(failed: Pick<ReloadReport, "failure" | "hint"> | null): void {
    const report: ReloadReport =
      failed === null ? { outcome: "reloaded", failure: null, hint: null } : { outcome: "failed", ...failed };
    for (const answer of this.#waiting.splice(0)) answer(report);
  }
}
