// djob why: the last runs of a job, its next times, and why it did not run when it did not.
import type { WhyReport } from "../../control/jobs.ts";
import { exitCode } from "../../exit-code.ts";
import { askDaemon, daemonOf, pathTo } from "../ask-daemon.ts";
import type { Command } from "../command.ts";
import { jobArgument, jsonFlag, nameArgument, placeFlags } from "../flags.ts";
import { showWhy } from "../show-jobs.ts";

export const why: Command = {
  meta: { name: "why", description: "Tell why a job runs, or does not" },
  args: { name: nameArgument, job: jobArgument, ...placeFlags, json: jsonFlag },
  positionals: { minimum: 2, maximum: 2 },
  examples: [["djob why worker report", "its last runs and next times, and what kept it from running"]],
  async run({ args, positionals: [name = "", job = ""], output }) {
    const daemon = await daemonOf(args, name);
    const path = pathTo("jobs", job, "why");
    const report = await askDaemon<WhyReport>(daemon, `tell of ${job}`, { method: "GET", path });
    if (output.json) output.document(report);
    else output.people.log(showWhy(report, output));
    return exitCode.done;
  },
};
