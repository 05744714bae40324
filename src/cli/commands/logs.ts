// djob logs: what daemons have written, through all files of their logs, and what they go on to write.
import { DjobError } from "../../daemon/error.ts";
import { find } from "../../daemon/finding/locate.ts";
import { exitCode } from "../../exit-code.ts";
import { jobOfRun } from "../../logs/read/filter.ts";
import { type Command, type CommandInput, isSet, textOf } from "../command.ts";
import { directoriesOf, jsonFlag, nameArgument, placeFlags, placeIn } from "../flags.ts";
import { showLogs } from "../log-session.ts";
import { allNames, type DaemonLogs, logsOf, noLogFile } from "../log-sources.ts";
import { logFlags, wishesOf } from "../log-wishes.ts";

export const logs: Command = {
  meta: { name: "logs", description: "Show what daemons have logged, and go on with it" },
  args: {
    name: {
      ...nameArgument,
      description: "the daemon's name; several are shown as one log, by time",
      required: false,
    },
    ...placeFlags,
    ...logFlags,
    all: { type: "boolean", description: "of all daemons that have a pidfile or a log in the directory" },
    json: { ...jsonFlag, description: "print one JSON object a record, each on a line of its own (NDJSON)" },
  },
  positionals: { minimum: 0, maximum: 1_000 },
  examples: [
    ["djob logs worker -n 100", "its last 100 records"],
    ["djob logs worker -f", "follow it, also across rotations and restarts"],
    ["djob logs worker --since 2h --level warn", "what went wrong in the last two hours"],
    ["djob logs --all -f", "all daemons at once, by time"],
  ],
  notes:
    "A record is a line with the lines that continue it. A line without a header (of a child, of native code) has the time of the record before it, no job and no level. Times without an offset are this machine's.",
  async run(input) {
    const wishes = wishesOf(input.args, Date.now());
    const daemons = await chosen(input, wishes.job ?? (wishes.run === null ? null : jobOfRun(wishes.run)));
    return await showLogs({ wishes, daemons, output: input.output, isAll: isSet(input.args, "all") });
  },
};

async function chosen({ args, positionals }: CommandInput, job: string | null): Promise<DaemonLogs[]> {
  const directories = directoriesOf(args);
  const isAll = isSet(args, "all");
  const names = isAll ? allNames(directories) : [...new Set(positionals)];
  if (isAll && positionals.length > 0) throw misuse("--all and a name say different things");
  if (!isAll && names.length === 0) throw misuse("it needs a name");
  if (names.length > 1 && textOf(args, "pidfile") !== null) throw misuse("--pidfile is of one daemon");
  const daemons = await Promise.all(
    names.map(async (name) => {
      const place = placeIn(directories, args, name);
      const daemon = { place, found: await find(place), directories };
      const found = logsOf(daemon, job);
      if (found === null && !isAll) throw noLogFile(daemon);
      return found;
    }),
  );
  const withLogs = daemons.filter((daemon) => daemon !== null);
  if (withLogs.length > 0) return withLogs;
  const looked = [...new Set([directories.runtime, directories.logs])].join(" and ");
  throw new DjobError(exitCode.notRunning, `there is no daemon with a log: looked in ${looked}`);
}

function misuse(why: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob logs: ${why}`, "see djob logs --help");
}
