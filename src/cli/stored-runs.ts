// The runs of a daemon that does not run, from the history that it has left.

import { dirname } from "node:path";
import type { RunReport, RunsQuery } from "../control/jobs.ts";
import { DjobError } from "../daemon/error.ts";
import { storedHistory } from "../daemon/history/stored-history.ts";
import { withoutLinks } from "../daemon/inside.ts";
import { exitCode } from "../exit-code.ts";
import type { Daemon } from "./ask-daemon.ts";

/** @returns null: there is none @throws {DjobError} if it can't be read */
export async function storedRuns(
  { place }: Daemon,
  { job, failed, sinceMs, limit }: RunsQuery,
): Promise<readonly RunReport[] | null> {
  // A daemon that runs answers itself: then none of this is loaded.
  const [{ becomeOwnerOf }, { readStored }, { failures, reportOf }] = await Promise.all([
    import("../daemon/privileges/drop.ts"),
    import("../store/sqlite/read.ts"),
    import("../runtime/answers/run-report.ts"),
  ]);
  const query = {
    limit,
    clockMs: Date.now(),
    ...(job === null ? {} : { job }),
    ...(failed ? { outcomes: failures } : {}),
    ...(sinceMs === null ? {} : { sinceMs }),
  };
  try {
    const path = withoutLinks(storedHistory(place.paths.history));
    becomeOwnerOf(dirname(path));
    const records = await readStored(path, query);
    return records?.map(reportOf) ?? null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DjobError(exitCode.failed, `cannot show runs: ${why}`);
  }
}
