// A daemon's numbers for Prometheus, in its text format
// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Pure.
import type { DaemonStatus, JobStatus, RunCount } from "./messages.ts";

export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @param counts null: the worker could not be asked, so that nothing is told of its jobs' runs */
export function metricsText(status: DaemonStatus, counts: readonly RunCount[] | null): string {
  const { state, restarts, startedAt, jobs, history, version } = status;
  const isUp = (state === "running" || state === "reloading") && status.responsive;
  const ofJobs = (value: (job: JobStatus) => number | null): Sample[] =>
    jobs.flatMap((job) => {
      const number = value(job);
      return number === null ? [] : [{ labels: { job: job.name }, value: number }];
    });
  return [
    family("djob_up", "gauge", "Whether the daemon runs and its worker answers.", [{ value: Number(isUp) }]),
    family("djob_info", "gauge", "The daemon: its name and version.", [
      { labels: { name: status.name, version: version ?? "" }, value: 1 },
    ]),
    family(
      "djob_start_time_seconds",
      "gauge",
      "When the daemon started, since the epoch.",
      startedAt === null ? [] : [{ value: seconds(startedAt) }],
    ),
    family("djob_restarts_total", "counter", "How often the worker was started again.", [
      { value: restarts },
    ]),
    family(
      "djob_history_ok",
      "gauge",
      "Whether the run history is kept on disk; absent while there is none.",
      [
        ...(history.state === null
          ? []
          : [{ value: Number(history.state === "ok" || history.state === "set-aside") }]),
      ],
    ),
    family(
      "djob_job_runs_total",
      "counter",
      "Times of a job by how they ended, since the worker started.",
      (counts ?? []).map(({ job, outcome, runs }) => ({ labels: { job, outcome }, value: runs })),
    ),
    family(
      "djob_job_running",
      "gauge",
      "Whether a run of the job goes on.",
      ofJobs((job) => Number(job.state === "running")),
    ),
    family(
      "djob_job_paused",
      "gauge",
      "Whether the job is paused.",
      ofJobs((job) => Number(job.state === "paused")),
    ),
    family(
      "djob_job_overdue",
      "gauge",
      "Whether the job's last success is longer ago than it expects.",
      ofJobs((job) => Number(job.overdue)),
    ),
    family(
      "djob_job_next_start_timestamp_seconds",
      "gauge",
      "When the job starts next, its jitter included.",
      ofJobs(({ next, delayMs }) => (next === null ? null : seconds(next) + delayMs / 1_000)),
    ),
    family(
      "djob_job_last_success_timestamp_seconds",
      "gauge",
      "When a run of the job last ended well.",
      ofJobs(({ lastSuccess }) => (lastSuccess === null ? null : seconds(lastSuccess))),
    ),
    family(
      "djob_job_last_run_duration_seconds",
      "gauge",
      "How long the job's last run took.",
      ofJobs(({ last }) => (last === null ? null : last.durationMs / 1_000)),
    ),
  ].join("");
}

function family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function seconds(iso: string): number {
  return Date.parse(iso) / 1_000;
}
