// When a run went on: records in text form don't say which run they are of, so that they are told by their job and time.
import { askJobs } from "../control/client.ts";
import type { RunReport, RunsQuery } from "../control/jobs.ts";
import { mostRuns } from "../control/routes.ts";
import { ownExecutable } from "../daemon/stage.ts";
import { exitCode } from "../exit-code.ts";
import { jobOfRun, type WantedRun } from "../logs/read/filter.ts";
import type { Daemon } from "./ask-daemon.ts";
import { storedRuns } from "./stored-runs.ts";

export interface FoundRun {
  readonly wanted: WantedRun;
  /** What a reader should know of it, or null. */
  readonly note: string | null;
}

const patienceMs = 2_000;
/** Runs that may still have been going on are looked for among those scheduled so long before. */
const longestOverlapMs = 86_400_000;
/** That a run has failed is written after its end. */
const afterwardsMs = 1_000;

export async function findRun(daemon: Daemon, id: string): Promise<FoundRun> {
  const job = jobOfRun(id);
  const scheduledMs = Date.parse(id.slice(job.length + 1));
  const runs = await runsOf(daemon, job, scheduledMs - longestOverlapMs);
  return placed(id, job, runs);
}

/** Pure. @param runs of the same job; null: they can't be had */
export function placed(id: string, job: string, runs: readonly RunReport[] | null): FoundRun {
  const run = runs?.find((one) => one.id === id);
  const never = { id, job, fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY };
  if (run === undefined || run.startedAt === null) {
    const why = run === undefined ? "the run history does not know it" : "it never started";
    return { wanted: never, note: `of ${id} only records that name it can be shown: ${why}` };
  }
  const fromMs = Date.parse(run.startedAt);
  const endMs = run.endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(run.endedAt);
  const others = (runs ?? []).filter((one) => one.id !== id && one.startedAt !== null);
  const starts = others
    .map(({ startedAt }) => Date.parse(startedAt ?? ""))
    .filter((startMs) => startMs >= endMs);
  const toMs = Math.min(endMs + afterwardsMs, ...starts.map((startMs) => Math.max(endMs, startMs - 1)));
  const overlapping = others.filter(
    ({ startedAt, endedAt }) =>
      Date.parse(startedAt ?? "") < endMs && (endedAt === null || Date.parse(endedAt) > fromMs),
  );
  const names = overlapping.slice(0, 3).map((one) => one.id);
  const note =
    overlapping.length === 0
      ? null
      : `${overlapping.length === 1 ? "another run" : `${overlapping.length} other runs`} of ${job} went on at the same time (${names.join(", ")}): in text form, what all of them wrote is shown`;
  return { wanted: { id, job, fromMs, toMs }, note };
}

async function runsOf(daemon: Daemon, job: string, sinceMs: number): Promise<readonly RunReport[] | null> {
  const query = { job, failed: false, sinceMs, limit: mostRuns };
  try {
    if (daemon.found.life !== "alive")
      return process.geteuid?.() === 0 ? await askAside(daemon, query) : await storedRuns(daemon, query);
    const text = new URLSearchParams({
      job,
      since: new Date(sinceMs).toISOString(),
      limit: String(mostRuns),
    });
    const answered = await askJobs(
      daemon.place.paths.socket,
      { method: "GET", path: `/runs?${text}` },
      patienceMs,
    );
    return answered?.status === 200 ? (answered.value as readonly RunReport[]) : null;
  } catch {
    // The log can be read without it.
    return null;
  }
}

/** Root becomes the user whose run history it reads, for good: so a process of its own does, and this one can read the logs of others. */
async function askAside(
  { place: { name, paths }, directories: { runtime, logs, state } }: Daemon,
  { job, sinceMs, limit }: RunsQuery,
): Promise<readonly RunReport[] | null> {
  const directory = runtime === logs && runtime === state ? ["--dir", runtime] : [];
  const since = sinceMs === null ? [] : ["--since", new Date(sinceMs).toISOString()];
  const flags = ["--json", "--pidfile", paths.pidfile, "--limit", String(limit), ...directory, ...since];
  // One that looks like a flag can't be asked for by its name.
  const named = job === null || job.startsWith("-") ? [] : [job];
  const child = Bun.spawn([ownExecutable(), "runs", name, ...named, ...flags], {
    argv0: "djob",
    env: process.env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== exitCode.done) return null;
  return (JSON.parse(text) as readonly RunReport[]).filter((run) => job === null || run.job === job);
}
