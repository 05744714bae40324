// `djob status NAME`, for people: what it is, where its files are, and a table of its jobs.
import type { DaemonStatus, JobStatus } from "../control/messages.ts";
import { formatDuration } from "../schedule/duration.ts";
import { visible } from "./ask-daemon.ts";
import { columns, type Output } from "./output.ts";

export function showStatus(status: DaemonStatus, output: Output): string {
  const { name, state, pid, startedAt, restarts, lastExit, modules, paths, jobs, foreground, history } =
    status;
  const dot = output.paint(state === "running" ? "green" : "yellow", "●");
  const since =
    startedAt === null ? "" : `, since ${localTime(startedAt)} (${span(Date.now() - Date.parse(startedAt))})`;
  const where = foreground ? ", in the foreground" : "";
  const facts = columns([
    ...modules.map((module) => ["  module", module]),
    ...(status.command === null ? [] : [["  command", status.command.join(" ")]]),
    ...(restarts === 0 ? [] : [["  restarts", `${restarts}, the last time after: ${lastExit ?? "-"}`]]),
    ["  pidfile", paths.pidfile],
    ["  log", logText(status)],
    ...(status.log.state === "ok" ? [] : [["  ", output.paint("yellow", troubleText(status.log))]]),
    ["  socket", paths.socket],
    ...(history.state === null ? [] : [["  history", historyText(history, output)]]),
  ]);
  const silence = status.responsive
    ? []
    : ["", "It does not answer: it is still loading, or a job blocks its event loop."];
  const head = `${dot} ${name} is ${state} (pid ${pid ?? "not known yet"}${where}${since})`;
  return [head, facts, ...silence, ...jobTable(jobs, output)].join("\n");
}

function logText({ paths, log: { target } }: DaemonStatus): string {
  return paths.log ?? logTargetText(target);
}

/** Where a log is that is no file. */
export function logTargetText(target: string): string {
  return target === "stdout" ? "standard output" : target;
}

function troubleText({ reason, lostLines }: DaemonStatus["log"]): string {
  const lost = lostLines === 0 ? "" : `; ${lostLines} ${lostLines === 1 ? "line is" : "lines are"} lost`;
  return `degraded: ${reason}${lost}`;
}

const historyTrouble: Readonly<Record<string, string>> = {
  "set-aside": "begun anew",
  memory: "kept in memory only, until the worker ends",
  degraded: "kept in memory only, until it can be written again",
};

function historyText({ path, state, reason }: DaemonStatus["history"], output: Output): string {
  const trouble = historyTrouble[state ?? "ok"];
  return trouble === undefined ? path : `${path} ${output.paint("red", trouble)}: ${visible(reason ?? "")}`;
}

/** "2m 3s"; never an empty or a negative span. */
export function span(durationMs: number): string {
  return formatDuration(Math.max(0, Math.floor(durationMs / 1000) * 1000));
}

function jobTable(jobs: readonly JobStatus[], output: Output): string[] {
  if (jobs.length === 0) return [];
  const header = ["JOB", "SCHEDULE", "STATE", "NEXT RUN", "LAST RUN"].map((title) =>
    output.paint("dim", title),
  );
  const rows = jobs.map((job) => [
    job.name,
    job.tz === null ? job.schedule : `${job.schedule} ${job.tz}`,
    job.state,
    nextText(job),
    lastRun(job, output),
  ]);
  return ["", columns([header, ...rows])];
}

/** When it starts, and of which time, where a jitter puts it off. */
export function nextText({ next, delayMs }: Pick<JobStatus, "next" | "delayMs">): string {
  if (next === null) return "-";
  const starts = span(Date.parse(next) + delayMs - Date.now());
  const late = delayMs === 0 ? "" : `, ${formatDuration(Math.max(1, Math.round(delayMs)))} later`;
  return `${localTime(next)} (in ${starts}${late})`;
}

function lastRun({ last }: JobStatus, output: Output): string {
  if (last === null) return "-";
  const outcome = last.outcome === "succeeded" ? last.outcome : output.paint("red", last.outcome);
  return `${localTime(last.scheduledAt)} ${outcome} (${formatDuration(last.durationMs)})`;
}

/** 2026-11-21 09:30:00, in this machine's time zone. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
