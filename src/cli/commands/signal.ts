// djob signal: a signal to a daemon's own process, to its worker, or to all of it.
import type { ParsedArgs } from "citty";
import { DjobError } from "../../daemon/error.ts";
import { find } from "../../daemon/finding/locate.ts";
import { type Recipients, signalDaemon } from "../../daemon/stopping/send-signal.ts";
import { parseSignal } from "../../daemon/stopping/stop-schedule.ts";
import { exitCode } from "../../exit-code.ts";
import { type Command, isSet } from "../command.ts";
import { directoriesOf, jsonFlag, nameArgument, placeFlags, placeIn } from "../flags.ts";
import { notRunning } from "../names.ts";

export const signal: Command = {
  meta: { name: "signal", description: "Send a daemon a signal" },
  args: {
    name: nameArgument,
    signal: { type: "positional", description: "such as HUP, SIGUSR1 or 12", required: true },
    ...placeFlags,
    worker: { type: "boolean", description: "to the process that runs its jobs" },
    all: { type: "boolean", description: "to all its processes, and all that these have started" },
    json: jsonFlag,
  },
  positionals: { minimum: 2, maximum: 2 },
  examples: [
    ["djob signal worker USR1", "open its log anew, as logrotate wants"],
    ["djob signal worker USR2", "have it write its state to its log"],
    ["djob signal worker STOP --all", "pause all of it; CONT lets it go on"],
  ],
  async run({ args, positionals, output }) {
    const name = parseSignal(positionals[1] ?? "");
    const recipients = recipientsOf(args);
    const directories = directoriesOf(args);
    const place = placeIn(directories, args, positionals[0] ?? "");
    const found = await find(place);
    if (found.life !== "alive") throw notRunning(place, found, directories);
    const pids = await signalDaemon(place, found, name, recipients);
    if (output.json) output.document({ name: place.name, signal: name, pids });
    else
      output.people.success(
        `${name} sent to ${place.name} (${pids.length === 1 ? "pid" : "pids"} ${pids.join(", ")})`,
      );
    return exitCode.done;
  },
};

function recipientsOf(args: ParsedArgs): Recipients {
  const [worker, all] = [isSet(args, "worker"), isSet(args, "all")];
  if (worker && all)
    throw new DjobError(
      exitCode.usage,
      "cannot run djob signal: --worker and --all exclude each other",
      "leave one of them out",
    );
  return worker ? "worker" : all ? "all" : "daemon";
}
