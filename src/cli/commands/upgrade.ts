// djob upgrade: another djob under the daemon, while its jobs run.

import type { DaemonStatus } from "../../control/messages.ts";
import { find } from "../../daemon/finding/locate.ts";
import { upgradeDaemon } from "../../daemon/upgrade.ts";
import { exitCode } from "../../exit-code.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { Command } from "../command.ts";
import { directoriesOf, jsonFlag, nameArgument, placeFlags, placeIn } from "../flags.ts";
import { notRunning } from "../names.ts";

export const upgrade: Command = {
  meta: { name: "upgrade", description: "Put the djob that is on disk now under a running daemon" },
  args: { name: nameArgument, ...placeFlags, json: jsonFlag },
  positionals: { minimum: 1, maximum: 1 },
  examples: [["djob upgrade worker", "after the executable was replaced; its jobs run on"]],
  notes:
    "The supervisor becomes the executable at the path of its own; the worker goes on, and is of the new version after its next reload or restart.",
  async run({ args, positionals, output }) {
    const directories = directoriesOf(args);
    const place = placeIn(directories, args, positionals[0] ?? "");
    const found = await find(place);
    if (found.life !== "alive") throw notRunning(place, found, directories);
    const startMs = performance.now();
    const { from, to } = await upgradeDaemon(place, found);
    const durationMs = Math.max(1, Math.round(performance.now() - startMs));
    const { name } = place;
    const { pid, workerPid } = to;
    if (output.json) {
      output.document({ name, pid, workerPid, from: edition(from), to: edition(to), durationMs });
    } else {
      const way = `from djob ${describe(from)} to ${describe(to)}`;
      output.people.success(
        `${name} upgraded (pid ${pid}) ${way} after ${formatDuration(durationMs)}\nits jobs run on; to have them in the new version as well: djob reload ${name}`,
      );
    }
    return exitCode.done;
  },
};

function edition({ version, commit }: DaemonStatus) {
  return { version, commit };
}

function describe({ version, commit }: DaemonStatus): string {
  return `${version} (${commit})`;
}
