// Why a job runs or does not, in sentences. Pure.
import type { RunReport } from "../../control/jobs.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { JobEntry } from "../running/job-entry.ts";

/** @param ahead how many of its runs have times that the clock has not reached @returns the most important first */
export function findingsOf(
  entry: JobEntry,
  runs: readonly RunReport[],
  nowMs: number,
  ahead: number,
): string[] {
  const findings: string[] = [];
  const ago = (timeMs: number) => `${formatDuration(Math.max(0, nowMs - timeMs))} ago`;
  if (entry.pausedAtMs !== null)
    findings.push(`It is paused, as of ${ago(entry.pausedAtMs)}: its times are skipped until djob resume.`);
  if (entry.held) findings.push("Its run on the old code still goes on after a reload.");
  for (const run of entry.active) {
    const since = run.startedAtMs === null ? "" : `, begun ${ago(run.startedAtMs)}`;
    if (run.phase === "running") findings.push(`The run ${run.id} goes on${since}.`);
    else if (run.phase === "retrying")
      findings.push(`The run ${run.id} has failed and waits for attempt ${run.attempt}.`);
    else
      findings.push(
        `The run ${run.id} waits for a place in the group "${entry.definition.policies.concurrency?.group}".`,
      );
  }
  if (entry.queue.length > 0)
    findings.push(
      `${entry.queue.length === 1 ? "1 of its runs waits" : `${entry.queue.length} of its runs wait`} in the queue.`,
    );
  const [last] = runs.filter(({ outcome }) => outcome !== null);
  if (last?.outcome === "skipped")
    findings.push(`Its last time, ${last.scheduledAt}, was skipped: ${last.reason}.`);
  if (last?.outcome === "interrupted")
    findings.push(`Its last run, ${last.id}, was interrupted: the daemon died.`);
  if (last?.error) findings.push(`Its last run, ${last.id}, ${endingOf(last)}: ${last.error.message}.`);
  if (entry.dueMs !== null && !entry.isAlways && entry.pausedAtMs === null)
    findings.push(`It comes next in ${formatDuration(Math.max(0, entry.dueMs + entry.delayMs - nowMs))}.`);
  if (entry.dueMs !== null && entry.delayMs > 0)
    findings.push(`Its jitter starts it ${formatDuration(entry.delayMs)} after its times on this machine.`);
  if (entry.definition.plan.schedules.some(({ kind }) => kind === "reboot"))
    findings.push("It comes again after the next boot of the machine.");
  else if (entry.dueMs === null && !entry.isAlways && entry.active.size === 0)
    findings.push("None of its times is still to come.");
  if (ahead > 0) {
    const which =
      ahead === 1
        ? "A time that is ahead of the clock has"
        : `${ahead} times that are ahead of the clock have`;
    findings.push(`${which} run already, while it was wrong: what has run does not run again.`);
  }
  if (runs.length === 0) findings.push("It has no record of a run.");
  return findings;
}

function endingOf({ outcome }: RunReport): string {
  if (outcome === "timed-out") return "timed out";
  return outcome === "cancelled" ? "was cancelled" : String(outcome);
}
