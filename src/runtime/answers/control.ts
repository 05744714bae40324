// What a client may ask of the jobs, answered by the worker that runs them.
import { closest } from "fastest-levenshtein";
import {
  ControlError,
  type JobsControl,
  type RunReport,
  type RunsQuery,
  type WhyReport,
} from "../../control/jobs.ts";
import type { JobStatus, RunCount, WorkerReport } from "../../control/messages.ts";
import { nextPlanned } from "../../schedule/plan.ts";
import { runId } from "../../store/records.ts";
import type { History } from "../history.ts";
import type { Journal } from "../journal.ts";
import type { JobEntry } from "../running/job-entry.ts";
import type { Run } from "../running/run.ts";
import type { Scheduler } from "../running/scheduler.ts";
import { findingsOf } from "./findings.ts";
import { begun, failures, reportOf, reportOfRun } from "./run-report.ts";
import { jobStatus } from "./status.ts";

const shownTimes = 5;
const shownRuns = 10;
/** A run that is triggered may have a time that is some milliseconds ahead. */
const aheadMs = 60_000;

export class Control implements JobsControl {
  readonly #scheduler: Scheduler;
  readonly #journal: Journal;
  readonly #history: Pick<History, "storeIfAny" | "state">;
  readonly #now: () => number;

  constructor(
    scheduler: Scheduler,
    journal: Journal,
    history: Pick<History, "storeIfAny" | "state">,
    now: () => number,
  ) {
    this.#scheduler = scheduler;
    this.#journal = journal;
    this.#history = history;
    this.#now = now;
  }

  report(): WorkerReport {
    return { jobs: this.jobs(), history: this.#history.state };
  }

  counts(): readonly RunCount[] {
    return this.#history.storeIfAny?.counts() ?? [];
  }

  jobs(): readonly JobStatus[] {
    return this.#statuses(this.#scheduler.jobs);
  }

  runs({ job, failed, sinceMs, limit }: RunsQuery): readonly RunReport[] {
    if (job !== null) this.#entry(job);
    const going = failed
      ? []
      : [...this.#scheduler.dispatcher.runs]
          .filter((run) => (job === null || run.job === job) && run.scheduledAtMs >= (sinceMs ?? 0))
          .sort((a, b) => b.scheduledAtMs - a.scheduledAtMs)
          .map(reportOfRun);
    const store = this.#history.storeIfAny;
    if (store === null) return [];
    const recorded = store.runs({
      limit,
      clockMs: this.#now(),
      ...(job === null ? {} : { job }),
      ...(failed ? { outcomes: failures } : {}),
      ...(sinceMs === null ? {} : { sinceMs }),
    });
    return [...going, ...recorded.map(reportOf)].slice(0, limit);
  }

  run(id: string): RunReport {
    const { entry, scheduledAtMs } = this.#parse(id);
    const going = this.#going(entry, scheduledAtMs);
    if (going !== undefined) return reportOfRun(going);
    const job = entry.definition.name;
    const [found] =
      this.#history.storeIfAny?.runs({ job, sinceMs: scheduledAtMs, untilMs: scheduledAtMs, limit: 1 }) ?? [];
    if (found === undefined) throw new ControlError(404, `there is no run ${id}`, "see djob runs");
    return reportOf(found);
  }

  trigger(
    job: string,
    input: unknown,
    accepted: (run: RunReport) => void = () => {},
  ): { readonly run: RunReport; readonly ended: Promise<RunReport> } {
    const entry = this.#entry(job);
    const { run, scheduledAtMs } = this.#scheduler.trigger(entry, input, (begun) =>
      accepted({ ...reportOfRun(begun), reason: entry.queue.includes(begun) ? "queued" : null }),
    );
    if (run === null) {
      const hint = `it is recorded as ${runId(job, scheduledAtMs)}; the job's overlap option decides`;
      throw new ControlError(
        409,
        `the job "${job}" was not started: its other runs do not allow another`,
        hint,
      );
    }
    const ended = run.over.then((record) => {
      this.#history.storeIfAny?.flush();
      return reportOf(record);
    });
    return { run: reportOfRun(run), ended };
  }

  follow(id: string, listener: (line: string) => void): () => void {
    const { entry, scheduledAtMs } = this.#parse(id);
    const run = this.#going(entry, scheduledAtMs);
    return run === undefined ? () => {} : this.#journal.follow(run, listener);
  }

  cancel(id: string): RunReport {
    const { entry, scheduledAtMs } = this.#parse(id);
    const run = this.#going(entry, scheduledAtMs);
    if (run === undefined) {
      const { outcome } = this.run(id);
      throw new ControlError(409, `the run ${id} is over: ${outcome}`, null);
    }
    this.#scheduler.dispatcher.cancel(run, "asked", "somebody cancelled the run");
    return this.#going(entry, scheduledAtMs) === undefined ? this.run(id) : reportOfRun(run);
  }

  pause(job: string | null): readonly JobStatus[] {
    return this.#each(job, (entry) => this.#scheduler.pause(entry));
  }

  resume(job: string | null): readonly JobStatus[] {
    return this.#each(job, (entry) => this.#scheduler.resume(entry));
  }

  why(job: string): WhyReport {
    const entry = this.#entry(job);
    const runs = this.runs({ job, failed: false, sinceMs: null, limit: shownRuns });
    const nowMs = this.#now();
    const nextTimes: string[] = [];
    for (let timeMs = entry.dueMs; timeMs !== null && nextTimes.length < shownTimes; ) {
      nextTimes.push(iso(timeMs));
      timeMs = nextPlanned(entry.definition.plan, timeMs);
    }
    const findings = findingsOf(entry, runs, nowMs, this.#runsAhead(job, nowMs));
    return { job: jobStatus(entry, nowMs), nextTimes, runs, findings };
  }

  /** How many have begun under a clock that was ahead of the one now. */
  #runsAhead(job: string, nowMs: number): number {
    const ahead = { job, outcomes: begun, sinceMs: nowMs + aheadMs, limit: 1_000 };
    return this.#history.storeIfAny?.runs(ahead).length ?? 0;
  }

  #each(job: string | null, call: (entry: JobEntry) => void): readonly JobStatus[] {
    const entries = job === null ? this.#scheduler.jobs : [this.#entry(job)];
    for (const entry of entries) call(entry);
    return this.#statuses(entries);
  }

  #statuses(entries: readonly JobEntry[]): JobStatus[] {
    const nowMs = this.#now();
    return entries.map((entry) => jobStatus(entry, nowMs));
  }

  #entry(name: string): JobEntry {
    const entry = this.#scheduler.job(name);
    if (entry !== undefined) return entry;
    const names = this.#scheduler.jobs.map(({ definition }) => definition.name);
    const hint =
      names.length === 0
        ? "it has no jobs"
        : `did you mean "${closest(name, names)}"? Its jobs: ${names.slice(0, 20).join(", ")}`;
    throw new ControlError(404, `there is no job "${name}"`, hint);
  }

  #parse(id: string): { entry: JobEntry; scheduledAtMs: number } {
    const at = id.lastIndexOf("@");
    const scheduledAtMs = Date.parse(id.slice(at + 1));
    if (at < 1 || Number.isNaN(scheduledAtMs))
      throw new ControlError(
        400,
        `${JSON.stringify(id)} is no run's id`,
        "an id is job@time, as djob runs --json shows it",
      );
    return { entry: this.#entry(id.slice(0, at)), scheduledAtMs };
  }

  #going({ active, queue }: JobEntry, scheduledAtMs: number): Run | undefined {
    return [...active, ...queue].find((run) => run.scheduledAtMs === scheduledAtMs);
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
