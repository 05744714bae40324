// djob run: from flags to a spec, and from there to a daemon.

import { requireModules, startDaemon } from "../../daemon/starting/start.ts";
import { exitCode } from "../../exit-code.ts";
import { errDescriptor, isTerminal } from "../../logs/sink.ts";
import type { Command, CommandInput } from "../command.ts";
import { isSet } from "../command.ts";
import { commandFlags } from "../command-flags.ts";
import { jsonFlag, okFlag, placeFlags, zoneFlag } from "../flags.ts";
import { historyFlags } from "../history-flags.ts";
import { lifeFlags } from "../life-flags.ts";
import { logFlags } from "../log-flags.ts";
import { privilegeFlags } from "../privilege-flags.ts";
import { planRun } from "../run-plan.ts";
import { showStarted, tolerate } from "../show-started.ts";
import { watchFlags } from "../watch-flags.ts";

export const run: Command = {
  meta: {
    name: "run",
    description: "Start a daemon from your modules, or any program after --, and return when it is ready",
  },
  args: {
    module: {
      type: "positional",
      description: "TypeScript or JavaScript files, or crontabs, one or more; or -- and a command",
      required: false,
    },
    name: {
      type: "string",
      valueHint: "NAME",
      description: "the daemon's name (default: the first module's, without its ending)",
    },
    "system-crontab": {
      type: "boolean",
      description: "its crontabs have a user before the command, as /etc/crontab and those in /etc/cron.d",
    },
    foreground: { type: "boolean", description: "stay here instead, and write to this terminal" },
    ...placeFlags,
    ...logFlags,
    chdir: {
      type: "string",
      valueHint: "DIR",
      description: "its working directory (default: /)",
      isPath: true,
    },
    umask: { type: "string", valueHint: "MODE", description: "its umask, octal (default: 022)" },
    env: {
      type: "string",
      valueHint: "KEY=VALUE",
      description: "set a variable; may be repeated",
      repeatable: true,
    },
    "env-file": {
      type: "string",
      valueHint: "FILE",
      description: "set the variables of a file; may be repeated",
      repeatable: true,
      isPath: true,
    },
    tz: zoneFlag,
    "ready-timeout": {
      type: "string",
      valueHint: "TIME",
      description: "how long it may take to become ready (default: 30s)",
    },
    "stop-timeout": {
      type: "string",
      valueHint: "TIME",
      description: "how long its runs may take to end at a stop (default: 10s)",
    },
    ...lifeFlags,
    ...commandFlags,
    ...watchFlags,
    ...historyFlags,
    ...privilegeFlags,
    ok: okFlag,
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 1000 },
  takesTail: true,
  examples: [
    ["djob run worker.ts", "start the daemon worker"],
    ["djob run --name shop jobs/mail.ts jobs/stock.ts", "two modules in one daemon"],
    ["djob run --name web -- python3 -m http.server 8080", "any program"],
    ["djob run --system-crontab --foreground /etc/crontab", "in place of cron, in a container"],
    ["djob run --foreground worker.ts", "for systemd, a container or your terminal"],
  ],
  run: runDaemon,
};

async function runDaemon(input: CommandInput): Promise<number> {
  const { args, output } = input;
  const { spec, environment, directories } = planRun(input);
  requireModules(spec);
  if (spec.foreground && !isSet(args, "foreground") && isTerminal(errDescriptor)) {
    output.people.warn("NOTIFY_SOCKET is set: staying in the foreground, as a service manager wants it");
  }
  return await tolerate(isSet(args, "ok"), exitCode.alreadyRunning, output, async () => {
    output.warmUp();
    const launched = await startDaemon(spec, environment, directories);
    await showStarted(spec, launched, output);
  });
}
