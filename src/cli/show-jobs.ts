// Jobs and runs for people: aligned columns, local times, colours where a run went wrong.
import type { RunReport, WhyReport } from "../control/jobs.ts";
import type { JobStatus } from "../control/messages.ts";
import { formatDuration } from "../schedule/duration.ts";
import { columns, type Output, type Style, visible } from "./output.ts";
import { localTime, nextText, shortTime } from "./show-times.ts";

export function showJobs(jobs: readonly JobStatus[], output: Output): string {
  const header = head(["JOB", "SCHEDULE", "STATE", "NEXT RUN", "LAST RUN"], output);
  return columns([header, ...jobs.map((job) => jobRow(job, output))]);
}

function jobRow(job: JobStatus, output: Output): string[] {
  return [
    oneLine(job.name),
    oneLine(job.tz === null ? job.schedule : `${job.schedule} ${job.tz}`),
    stateOf(job, output),
    nextText(job),
    lastOf(job, output),
  ];
}

function stateOf({ state, overdue }: JobStatus, output: Output): string {
  const shown = state === "paused" ? output.paint("yellow", state) : state;
  return overdue ? `${shown}, ${output.paint("red", "overdue")}` : shown;
}

function lastOf({ last }: JobStatus, output: Output): string {
  if (last === null) return "-";
  return `${shortTime(last.scheduledAt)} ${outcomeText(last.outcome, output)} (${formatDuration(last.durationMs)})`;
}

export function showRuns(runs: readonly RunReport[], output: Output): string {
  if (runs.length === 0) return "no runs";
  const header = head(["SCHEDULED", "JOB", "OUTCOME", "TOOK", "TRIGGER", "ATTEMPT", "WHY"], output);
  return columns([header, ...runs.map((run) => runRow(run, output))]);
}

function runRow(run: RunReport, output: Output): string[] {
  const { scheduledAt, startedAt, endedAt, job, outcome, trigger, attempt } = run;
  const tookMs =
    startedAt === null ? null : Date.parse(endedAt ?? new Date().toISOString()) - Date.parse(startedAt);
  return [
    localTime(scheduledAt),
    oneLine(job),
    outcome === null
      ? output.paint("cyan", startedAt === null ? "waiting" : "running")
      : outcomeText(outcome, output),
    tookMs === null ? "-" : formatDuration(Math.max(0, tookMs)),
    trigger,
    attempt === 0 ? "-" : String(attempt),
    whyOf(run),
  ];
}

function whyOf({ reason, error, exitCode, signal, times, through }: RunReport): string {
  const parts = [
    reason,
    times > 1 && through !== null ? `${times} times, through ${localTime(through)}` : null,
    error === null ? null : `${error.name}: ${error.message}`,
    error === null && exitCode !== null && exitCode !== 0 ? `exit code ${exitCode}` : null,
    error === null && signal !== null ? signal : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "-" : oneLine(parts.join("; "));
}

export function showWhy({ job, nextTimes, runs, findings }: WhyReport, output: Output): string {
  const next = nextTimes.map((time) => `  ${localTime(time)}`);
  return [
    showJobs([job], output),
    "",
    ...findings.map((finding) => `- ${oneLine(finding)}`),
    ...(next.length === 0 ? [] : ["", head(["NEXT TIMES"], output)[0] ?? "", ...next]),
    "",
    showRuns(runs, output),
  ].join("\n");
}

const colours: Readonly<Record<string, Style>> = { succeeded: "green", skipped: "dim", cancelled: "yellow" };

export function outcomeText(outcome: string, output: Output): string {
  return output.paint(colours[outcome] ?? "red", outcome);
}

function head(titles: readonly string[], output: Output): string[] {
  return titles.map((title) => output.paint("dim", title));
}

function oneLine(text: string): string {
  const [first = "", ...rest] = visible(text).split("\n");
  return rest.length === 0 ? first : `${first} …`;
}
