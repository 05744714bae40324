// djob status: one daemon with its jobs, or a line for each.
import { DjobError, usageError } from "../../daemon/error.ts";
import { find, isHeldByAnother, type Place, statusOrGuess } from "../../daemon/finding/locate.ts";
import { readProcess } from "../../daemon/finding/process-table.ts";
import { statusCode, statusCodeMeanings } from "../../exit-code.ts";
import { type Command, type CommandInput, isSet } from "../command.ts";
import { directoriesOf, jsonFlag, placeFlags, placeIn } from "../flags.ts";
import { notRunning } from "../names.ts";
import { processReport } from "../process-report.ts";
import { showStatus } from "../show-status.ts";
import { listAll } from "./list.ts";

export const status: Command = {
  meta: { name: "status", description: "Show a daemon and its jobs; without a name, all daemons" },
  args: {
    name: { type: "positional", description: "the daemon's name", required: false },
    ...placeFlags,
    process: { type: "boolean", description: "show its processes as ps axj does, and judge them" },
    json: jsonFlag,
  },
  positionals: { minimum: 0, maximum: 1 },
  examples: [
    ["djob status worker", "its jobs, with their last and next runs"],
    ["djob status worker --process", "whether its processes are a proper daemon's"],
  ],
  notes: `With a name the exit codes are the LSB's: ${statusCodeMeanings.map((pair) => pair.join(" ")).join(", ")}.`,
  async run(input) {
    const [name] = input.positionals;
    if (name !== undefined) return await showOne(input, name);
    const ofOne = ["process", "pidfile"].find((flag) => input.repeated[flag] !== undefined);
    if (ofOne !== undefined) throw usageError(`--${ofOne} is of one daemon`, "name it: djob status NAME");
    return await listAll(input);
  },
};

async function showOne({ args, output }: CommandInput, name: string): Promise<number> {
  const directories = directoriesOf(args);
  const place = placeIn(directories, args, name);
  const found = await find(place);
  if (isHeldByAnother(place, found)) throw unknown(place);
  const report = statusOrGuess(place, found);
  if (found.life !== "alive") {
    if (output.json) output.document(report);
    else output.error(notRunning(place, found, directories));
    return found.life === "dead" ? statusCode.deadWithPidfile : statusCode.notRunning;
  }
  const { pid, workerPid } = report;
  const row = isSet(args, "process") && pid !== null ? readProcess(pid) : null;
  const workerRow = row !== null && workerPid !== null && workerPid !== pid ? readProcess(workerPid) : null;
  if (output.json)
    output.document(row === null ? report : { ...report, process: row, workerProcess: workerRow });
  else if (row !== null) output.people.log(processReport(row, workerRow, report, output));
  else output.people.log(showStatus(report, output));
  return statusCode.running;
}

function unknown({ name, paths }: Place): DjobError {
  return new DjobError(
    statusCode.unknown,
    `cannot tell whether ${name} runs: the lock on ${paths.pidfile} is held by a process that is not proven to be the daemon`,
    `see who holds the file open: fuser -v ${paths.pidfile}`,
  );
}
