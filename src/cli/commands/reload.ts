// djob reload: new code without a gap; the old goes on if the new does not become ready.

import { find, statusOrGuess } from "../../daemon/finding/locate.ts";
import { reloadDaemon } from "../../daemon/reload.ts";
import { exitCode } from "../../exit-code.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { Command } from "../command.ts";
import { directoriesOf, jsonFlag, nameArgument, placeFlags, placeIn } from "../flags.ts";
import { notRunning } from "../names.ts";

export const reload: Command = {
  meta: { name: "reload", description: "Load a daemon's modules anew, without a gap" },
  args: { name: nameArgument, ...placeFlags, json: jsonFlag },
  positionals: { minimum: 1, maximum: 1 },
  examples: [["djob reload worker", "the new code takes over when it is ready; runs finish on the old"]],
  notes: "Exit code 9, and the old code goes on, if the new does not become ready.",
  async run({ args, positionals, output }) {
    const directories = directoriesOf(args);
    const place = placeIn(directories, args, positionals[0] ?? "");
    const found = await find(place);
    if (found.life !== "alive") throw notRunning(place, found, directories);
    const startMs = performance.now();
    await reloadDaemon(place, found);
    const durationMs = Math.max(1, Math.round(performance.now() - startMs));
    const { name } = place;
    const isCommand = statusOrGuess(place, found).command !== null;
    if (output.json) output.document({ name, pid: found.pid, outcome: "reloaded", durationMs });
    else if (isCommand) output.people.success(`HUP sent to the program of ${name} (pid ${found.pid})`);
    else output.people.success(`${name} reloaded (pid ${found.pid}) after ${formatDuration(durationMs)}`);
    return exitCode.done;
  },
};
