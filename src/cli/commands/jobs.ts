// djob jobs
import type { JobStatus } from "../../control/messages.ts";
import { exitCode } from "../../exit-code.ts";
import { askDaemon, daemonOf } from "../ask-daemon.ts";
import type { Command } from "../command.ts";
import { jsonFlag, nameArgument, placeFlags } from "../flags.ts";
import { showJobs } from "../show-jobs.ts";

export const jobs: Command = {
  meta: { name: "jobs", description: "List the jobs of a daemon" },
  args: { name: nameArgument, ...placeFlags, json: jsonFlag },
  positionals: { minimum: 1, maximum: 1 },
  examples: [["djob jobs worker", "each job with its schedule, its next and its last run"]],
  async run({ args, positionals: [name = ""], output }) {
    const daemon = await daemonOf(args, name);
    const all = await askDaemon<readonly JobStatus[]>(daemon, "list jobs", { method: "GET", path: "/jobs" });
    if (output.json) output.document(all);
    else output.people.log(all.length === 0 ? `${name} has no jobs` : showJobs(all, output));
    return exitCode.done;
  },
};
