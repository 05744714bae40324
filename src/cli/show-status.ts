// `djob status NAME`, for people: what it is, where its files are, and a table of its jobs.
import type { DaemonStatus } from "../control/messages.ts";
import { columns, type Output, visible } from "./output.ts";
import { showJobs } from "./show-jobs.ts";
import { localTime, span } from "./show-times.ts";

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
    ...(restarts === 0
      ? []
      : [["  restarts", `${restarts}, the last time after: ${visible(lastExit ?? "-")}`]]),
    ["  pidfile", paths.pidfile],
    ["  log", logText(status)],
    ...(status.log.state === "ok" ? [] : [["  ", output.paint("yellow", troubleText(status.log))]]),
    ["  socket", paths.socket],
    ...(history.state === null ? [] : [["  history", historyText(history, output)]]),
  ]);
  const silence = status.responsive
    ? []
    : ["", "It does not answer: it is still loading, or a job blocks its event loop."];
  const table = jobs.length === 0 ? [] : ["", showJobs(jobs, output)];
  const head = `${dot} ${name} is ${state} (pid ${pid ?? "not known yet"}${where}${since})`;
  return [head, facts, ...silence, ...table].join("\n");
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
  return `degraded: ${visible(reason ?? "")}${lost}`;
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
