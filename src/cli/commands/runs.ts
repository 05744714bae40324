// djob runs: what has become of each time of a daemon's jobs.
import type { ParsedArgs } from "citty";
import type { RunReport } from "../../control/jobs.ts";
import { mostRuns } from "../../control/routes.ts";
import { DjobError } from "../../daemon/error.ts";
import { exitCode } from "../../exit-code.ts";
import { parseDuration } from "../../schedule/duration.ts";
import { askDaemon, type Daemon, daemonOf, WorkerAway } from "../ask-daemon.ts";
import { type Command, isSet, textOf } from "../command.ts";
import { jobArgument, jsonFlag, nameArgument, placeFlags } from "../flags.ts";
import { notRunning } from "../names.ts";
import type { Output } from "../output.ts";
import { showRuns } from "../show-jobs.ts";
import { storedRuns } from "../stored-runs.ts";

const usualRuns = 20;

export const runs: Command = {
  meta: { name: "runs", description: "Show the runs of a daemon's jobs, the latest first" },
  args: {
    name: nameArgument,
    job: { ...jobArgument, required: false },
    ...placeFlags,
    failed: { type: "boolean", description: "only those that did not succeed and were not skipped" },
    since: {
      type: "string",
      valueHint: "TIME",
      description: "scheduled since then: 2h, or 2026-11-24T09:30:00Z",
    },
    limit: {
      type: "string",
      alias: "n",
      valueHint: "N",
      description: `how many, at most ${mostRuns} (default: ${usualRuns})`,
    },
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 2 },
  examples: [
    ["djob runs worker", "the last runs of all jobs"],
    ["djob runs worker report --failed --since 2d", "what went wrong with one of them"],
  ],
  notes:
    "Also of a daemon that does not run, from what it has left; what it was doing when it died is not told then.",
  async run({ args, positionals: [name = "", job = null], output }) {
    const query = new URLSearchParams({ limit: String(limitOf(args)) });
    if (job !== null) query.set("job", job);
    if (isSet(args, "failed")) query.set("failed", "true");
    const sinceMs = sinceOf(textOf(args, "since"), Date.now());
    if (sinceMs !== null) query.set("since", new Date(sinceMs).toISOString());
    const daemon = await daemonOf(args, name);
    const fromHistory = () =>
      storedRuns(daemon, { job, failed: isSet(args, "failed"), sinceMs, limit: limitOf(args) });
    const found =
      daemon.found.life === "alive"
        ? await askWorker(daemon, `/runs?${query}`, fromHistory, output)
        : await fromHistory();
    if (found === null) throw notRunning(daemon.place, daemon.found, daemon.directories);
    if (output.json) output.document(found);
    else output.people.log(showRuns(found, output));
    return exitCode.done;
  },
};

/** While a worker crashes again and again, what became of its runs is what one wants to know. */
async function askWorker(
  daemon: Daemon,
  path: string,
  fromHistory: () => Promise<readonly RunReport[] | null>,
  output: Output,
): Promise<readonly RunReport[]> {
  try {
    return await askDaemon<readonly RunReport[]>(daemon, "show runs", { method: "GET", path });
  } catch (error) {
    const stored = error instanceof WorkerAway ? await fromHistory() : null;
    if (stored === null) throw error;
    if (!output.json && error instanceof WorkerAway)
      output.people.warn(`from its history, because ${error.message.replace(/^.*? says: /, "")}`);
    return stored;
  }
}

function limitOf(args: ParsedArgs): number {
  const text = textOf(args, "limit") ?? textOf(args, "n") ?? String(usualRuns);
  if (/^\d{1,9}$/.test(text) && Number(text) <= mostRuns) return Number(text);
  throw new DjobError(
    exitCode.usage,
    `cannot use --limit ${JSON.stringify(text)}: it is not a number of runs from 0 to ${mostRuns}`,
    "write --limit 100",
  );
}

/** Pure. @param text a duration before now, or a time @throws {DjobError} with exit code 2 */
export function sinceOf(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const timeMs = Date.parse(text);
    if (!Number.isNaN(timeMs)) return timeMs;
  } else {
    try {
      return nowMs - parseDuration(text);
    } catch {
      // It is told below.
    }
  }
  throw new DjobError(
    exitCode.usage,
    `cannot use --since ${JSON.stringify(text)}: it is neither a duration nor a time`,
    "write --since 2h, or --since 2026-11-24T09:30:00Z",
  );
}
