// djob list
import { find, knownNames, placeOf, statusOrGuess } from "../../daemon/locate.ts";
import type { Command, CommandInput } from "../command.ts";
import { directoriesOf, jsonFlag, placeFlags } from "../flags.ts";
import { columns } from "../output.ts";
import { span } from "../show-status.ts";

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
  const reports = await Promise.all(
    knownNames(directories).map(async (name) => {
      const place = placeOf(name, directories, null);
      return statusOrGuess(place, await find(place));
    }),
  );
  if (output.json) {
    output.document(reports);
    return 0;
  }
  if (reports.length === 0) {
    output.people.log(`no daemon in ${directories.runtime}; start one with: djob run worker.ts`);
    return 0;
  }
  const header = ["NAME", "STATE", "PID", "JOBS", "UP", "MODULES"].map((title) => output.paint("dim", title));
  const rows = reports.map(({ name, state, pid, jobs, startedAt, modules }) => [
    name,
    output.paint(state === "running" ? "green" : "yellow", state),
    String(pid ?? "-"),
    String(jobs.length),
    startedAt === null ? "-" : span(Date.now() - Date.parse(startedAt)),
    modules.join(" ") || "-",
  ]);
  output.people.log(columns([header, ...rows]));
  return 0;
}
