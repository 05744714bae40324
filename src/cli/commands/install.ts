// djob install: what `djob run` would start now, the machine's init system starts at boot.

import { unitName } from "../../boot/entry.ts";
import { bootText, install as installEntry } from "../../boot/install.ts";
import {
  type BootSystem,
  detectInit,
  type InitKind,
  initKinds,
  isLingering,
  thisSystem,
} from "../../boot/system.ts";
import { DjobError } from "../../daemon/error.ts";
import { exitCode } from "../../exit-code.ts";
import { outDescriptor, writeText } from "../../logs/sink.ts";
import { isRunning, planBoot } from "../boot-entry.ts";
import { type Command, type CommandInput, isSet, textOf } from "../command.ts";
import { jsonFlag } from "../flags.ts";
import { callFlags } from "../run-flags.ts";
import { run } from "./run.ts";

const runFlags = Object.entries(run.args).filter(
  ([name, { type }]) => type !== "positional" && !callFlags.includes(name),
);

export const install: Command = {
  meta: { name: "install", description: "Have a daemon started at boot, by systemd or what there is" },
  args: {
    module: {
      type: "positional",
      description:
        "its modules, one or more; or the name of a daemon that runs, whose modules and flags it takes",
      required: false,
    },
    print: { type: "boolean", description: "only show what would be written" },
    now: { type: "boolean", description: "start it now, too" },
    init: {
      type: "string",
      valueHint: "KIND",
      description: `${initKinds.join(", ")} (default: what runs here)`,
    },
    ...Object.fromEntries(runFlags),
    json: jsonFlag,
  },
  positionals: run.positionals,
  takesTail: true,
  examples: [
    ["djob install worker.ts", "start it at every boot"],
    ["djob install worker.ts --now", "and now"],
    ["djob install worker", "a running daemon, with its modules and flags"],
    ["djob install --print worker.ts", "see the unit first"],
  ],
  notes:
    "As root it is the machine's. As another user it is that user's: a user unit of systemd, or a crontab line.",
  run: installDaemon,
};

async function installDaemon(input: CommandInput): Promise<number> {
  const { args, output } = input;
  const system = thisSystem();
  const kind = kindOf(textOf(args, "init"), system);
  const { entry, spec, warnings } = await planBoot(input, kind);
  if (isSet(args, "print")) {
    const text = bootText(system, entry, kind);
    if (output.json) output.document({ name: entry.name, init: kind, text });
    else writeText(outDescriptor, text);
    return exitCode.done;
  }
  const now = isSet(args, "now");
  if (now && (await isRunning(spec))) throw runsAlready(entry.name);
  const { path } = installEntry(system, entry, kind, now);
  if (output.json) {
    output.document({ name: entry.name, init: kind, path, started: now });
    return exitCode.done;
  }
  for (const warning of warnings) output.people.warn(warning);
  const where = path ?? "your crontab";
  const waits = kind === "systemd" && entry.scope === "user" && !isLingering(system);
  const when = waits ? "when you log in" : "at boot";
  const what = now ? "is running, and will be started" : "will be started";
  output.people.success(`${entry.name} ${what} ${when} by ${kind} (${where})`);
  if (waits) output.people.log("hint: to have it started at boot: loginctl enable-linger");
  return exitCode.done;
}

function kindOf(text: string | null, system: BootSystem): InitKind {
  if (text === null) {
    const found = detectInit(system);
    if (found !== null) return found;
    throw new DjobError(
      exitCode.failed,
      "cannot install: this machine has no init system that djob knows, and no crontab(1)",
      `choose one with --init: ${initKinds.join(", ")}`,
    );
  }
  const kind = initKinds.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new DjobError(
    exitCode.usage,
    `cannot use --init ${text}: there is no such kind`,
    `the kinds are ${initKinds.join(", ")}`,
  );
}

function runsAlready(name: string): DjobError {
  return new DjobError(
    exitCode.alreadyRunning,
    `cannot start ${name} as ${unitName(name)}: it runs already`,
    `stop it first with djob stop ${name}, or leave out --now`,
  );
}
