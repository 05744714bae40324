// djob list
import type { DaemonStatus } from "../../control/messages.ts";
import { DjobError } from "../../daemon/error.ts";
import { find, knownNames, placeOf, statusOrGuess } from "../../daemon/finding/locate.ts";
import type { Directories } from "../../daemon/paths.ts";
import { exitCode } from "../../exit-code.ts";
import type { Command, CommandInput } from "../command.ts";
import { directoriesOf, jsonFlag, placeFlags } from "../flags.ts";
import { columns, type Output } from "../output.ts";
import { span } from "../show-times.ts";

const { dir } = placeFlags;

export const list: Command = {
  meta: { name: "list", description: "List the daemons of this user" },
  args: { ...(dir === undefined ? {} : { dir }), json: jsonFlag },
  positionals: { minimum: 0, maximum: 0 },
  examples: [["djob list", "each daemon with its state, pid and jobs"]],
  run: listAll,
};

export async function listAll({ args, output }: CommandInput): Promise<number> {
  const directories = directoriesOf(args);
  const refused: DjobError[] = [];
  const found = await Promise.all(
    knownNames(directories).map(async (name) => {
      const place = placeOf(name, directories, null);
      try {
        return statusOrGuess(place, await find(place));
      } catch (error) {
        // A pidfile that can't be believed must not hide the other daemons.
        if (!(error instanceof DjobError)) throw error;
        refused.push(error);
        return null;
      }
    }),
  );
  const reports = found.filter((report) => report !== null);
  if (output.json) output.document(reports);
  else showList(reports, directories, output);
  if (!output.json) for (const error of refused) output.error(error);
  return refused[0]?.code ?? exitCode.done;
}

function showList(reports: readonly DaemonStatus[], directories: Directories, output: Output): void {
  if (reports.length === 0) {
    output.people.log(`no daemon in ${directories.runtime}; start one with: djob run worker.ts`);
    return;
  }
  const header = ["NAME", "STATE", "PID", "JOBS", "UP", "MODULES"].map((title) => output.paint("dim", title));
  const rows = reports.map(({ name, state, pid, jobs, startedAt, modules, command }) => [
    name,
    output.paint(state === "running" ? "green" : state === "failed" ? "red" : "yellow", state),
    String(pid ?? "-"),
    String(jobs.length),
    startedAt === null ? "-" : span(Date.now() - Date.parse(startedAt)),
    modules.join(" ") || command?.join(" ") || "-",
  ]);
  output.people.log(columns([header, ...rows]));
}
