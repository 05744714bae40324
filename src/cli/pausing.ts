// What djob pause and djob resume have in common: a job, or all of them.
import type { JobStatus } from "../control/messages.ts";
import { exitCode } from "../exit-code.ts";
import { askDaemon, daemonOf, pathTo } from "./ask-daemon.ts";
import type { Command } from "./command.ts";
import { jobArgument, jsonFlag, nameArgument, placeFlags } from "./flags.ts";
import { visible } from "./output.ts";

export function pausingCommand(
  verb: "pause" | "resume",
  done: string,
  description: string,
  examples: Command["examples"],
): Command {
  return {
    meta: { name: verb, description },
    args: { name: nameArgument, job: { ...jobArgument, required: false }, ...placeFlags, json: jsonFlag },
    positionals: { minimum: 1, maximum: 2 },
    examples,
    async run({ args, positionals: [name = "", job], output }) {
      const daemon = await daemonOf(args, name);
      const path = job === undefined ? `/${verb}` : pathTo("jobs", job, verb);
      const what = `${verb} ${job ?? "all jobs"}`;
      const jobs = await askDaemon<readonly JobStatus[]>(daemon, what, { method: "POST", path });
      const told = job === undefined ? `all jobs of ${name} (${jobs.length}) are` : `${visible(job)} is`;
      if (output.json) output.document(jobs);
      else output.people.success(`${told} ${done}`);
      return exitCode.done;
    },
  };
}
