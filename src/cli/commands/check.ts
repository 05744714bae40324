// djob check: loads the modules in a scratch process and tells what they declare.

import { requireModules } from "../../daemon/starting/start.ts";
import { checkModules } from "../../daemon/trying/check.ts";
import { exitCode } from "../../exit-code.ts";
import { localTime } from "../../schedule/cron-changes.ts";
import type { Command } from "../command.ts";
import { columns } from "../output.ts";
import { planRun } from "../run-plan.ts";
import { run } from "./run.ts";

const { args: runArgs } = run;
const shared = [
  "module",
  "system-crontab",
  "chdir",
  "umask",
  "env",
  "env-file",
  "tz",
  "ready-timeout",
  "json",
];

/** Of what has no times. */
const timesOf: Readonly<Record<string, string>> = { always: "at once", "@reboot": "once for each boot" };

export const check: Command = {
  meta: { name: "check", description: "Load modules in a scratch process and list their jobs" },
  args: Object.fromEntries(Object.entries(runArgs).filter(([name]) => shared.includes(name))),
  positionals: run.positionals,
  examples: [["djob check worker.ts", "its jobs with their next five times; nothing runs"]],
  notes:
    "The modules are really loaded: what they do at top level, they do. Exit code 9 if they can't be loaded.",
  async run(input) {
    const { spec, environment } = planRun(input);
    requireModules(spec, "load");
    const { jobs, warnings } = await checkModules(spec, environment);
    const { output } = input;
    for (const warning of warnings) output.people.warn(warning);
    if (output.json)
      output.document({ modules: spec.modules, jobs: jobs.map(({ plan: _, ...job }) => job), warnings });
    else if (jobs.length === 0)
      output.people.success(`${spec.modules.join(", ")}: no jobs, but the module stays alive`);
    else {
      output.people.success(
        `${spec.modules.join(", ")}: ${jobs.length === 1 ? "1 job" : `${jobs.length} jobs`}`,
      );
      const rows = jobs.flatMap(({ name, schedule, tz, times }) => {
        const [first, ...others] = times.map((time) => localTime(tz ?? spec.timeZone, Date.parse(time)));
        return [
          [`  ${name}`, tz === null ? schedule : `${schedule} ${tz}`, first ?? timesOf[schedule] ?? "never"],
          ...others.map((time) => ["", "", time]),
        ];
      });
      output.people.log(columns(rows));
    }
    return exitCode.done;
  },
};
