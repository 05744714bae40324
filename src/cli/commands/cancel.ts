// djob cancel
import type { RunReport } from "../../control/jobs.ts";
import { mostRuns } from "../../control/routes.ts";
import { DjobError } from "../../daemon/error.ts";
import { exitCode } from "../../exit-code.ts";
import { askDaemon, type Daemon, daemonOf, pathTo } from "../ask-daemon.ts";
import type { Command } from "../command.ts";
import { jsonFlag, nameArgument, placeFlags } from "../flags.ts";
import { visible } from "../output.ts";

export const cancel: Command = {
  meta: { name: "cancel", description: "Abort a run that goes on, waits, or is to be tried again" },
  args: {
    name: nameArgument,
    run: {
      type: "positional",
      description: "its id (job@time), or the name of a job of which one run goes on",
      required: true,
    },
    ...placeFlags,
    json: jsonFlag,
  },
  positionals: { minimum: 2, maximum: 2 },
  examples: [
    ["djob cancel worker report", "its run's signal is aborted; a command gets TERM"],
    ["djob cancel worker report@2026-11-24T09:30:00.000Z", "this run of several"],
  ],
  async run({ args, positionals: [name = "", given = ""], output }) {
    const daemon = await daemonOf(args, name);
    const id = given.includes("@") ? given : await onlyRunOf(daemon, given);
    const path = pathTo("runs", id, "cancel");
    const run = await askDaemon<RunReport>(daemon, `cancel ${id}`, { method: "POST", path });
    if (output.json) output.document(run);
    else if (run.outcome === null) output.people.success(`${visible(run.id)} is told to end`);
    else output.people.success(`${visible(run.id)} is ${run.outcome}`);
    return exitCode.done;
  },
};

/** The run of a job that has not ended. @throws {DjobError} if there is none, or more than one */
async function onlyRunOf(daemon: Daemon, job: string): Promise<string> {
  const query = new URLSearchParams({ job, limit: String(mostRuns) });
  const question = { method: "GET", path: `/runs?${query}` } as const;
  const runs = await askDaemon<readonly RunReport[]>(daemon, `cancel ${job}`, question);
  const ids = runs.filter(({ outcome }) => outcome === null).map(({ id }) => id);
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return only;
  throw new DjobError(
    exitCode.failed,
    `cannot cancel ${visible(job)}: ${only === undefined ? "no run of it goes on" : `${ids.length} of its runs go on`}`,
    only === undefined ? "see djob runs" : `give the id of one: ${ids.map(visible).join(", ")}`,
  );
}
