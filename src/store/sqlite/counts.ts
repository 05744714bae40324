// How many records of each job and outcome were made by this process, for those who count: never less than before.
import type { Outcome } from "../records.ts";
import type { Ended } from "../store.ts";

export type Counted = Pick<Ended, "key" | "outcome" | "times">;

export class Counts {
  readonly #byOutcome = new Map<Outcome, Map<number, number>>();

  add({ key, outcome, times }: Counted): void {
    let ofJobs = this.#byOutcome.get(outcome);
    if (ofJobs === undefined) {
      ofJobs = new Map();
      this.#byOutcome.set(outcome, ofJobs);
    }
    ofJobs.set(key, (ofJobs.get(key) ?? 0) + times);
  }

  /** @param more those that are not written yet @param nameOf a job's name, if this process knows it */
  list(
    more: readonly Counted[],
    nameOf: (key: number) => string | undefined,
  ): Array<{ readonly job: string; readonly outcome: Outcome; readonly runs: number }> {
    const all = new Counts();
    for (const [outcome, ofJobs] of this.#byOutcome)
      for (const [key, times] of ofJobs) all.add({ key, outcome, times });
    for (const counted of more) all.add(counted);
    return [...all.#byOutcome].flatMap(([outcome, ofJobs]) =>
      [...ofJobs].flatMap(([key, runs]) => {
        const job = nameOf(key);
        return job === undefined ? [] : [{ job, outcome, runs }];
      }),
    );
  }
}
