// djob cancel
import type { RunReport } from "../../control/jobs.ts";
import { exitCode } from "../../exit-code.ts";
import { askDaemon, daemonOf, pathTo, visible } from "../ask-daemon.ts";
import type { Command } from "../command.ts";
import { jsonFlag, nameArgument, placeFlags } from "../flags.ts";

export const cancel: Command = {
  meta: { name: "cancel", description: "Abort a run that goes on, waits, or is to be tried again" },
  args: {
    name: nameArgument,
    run: {
      type: "positional",
      description: "its id: job@time, as djob runs --json shows it",
      required: true,
    },
    ...placeFlags,
    json: jsonFlag,
  },
  positionals: { minimum: 2, maximum: 2 },
  examples: [
    ["djob cancel worker report@2026-11-24T09:30:00.000Z", "its signal is aborted; a command gets TERM"],
  ],
  async run({ args, positionals: [name = "", id = ""], output }) {
    const daemon = await daemonOf(args, name);
    const path = pathTo("runs", id, "cancel");
    const run = await askDaemon<RunReport>(daemon, `cancel ${id}`, { method: "POST", path });
    if (output.json) output.document(run);
    else if (run.outcome === null) output.people.success(`${visible(run.id)} is told to end`);
    else output.people.success(`${visible(run.id)} is ${run.outcome}`);
    return exitCode.done;
  },
};
