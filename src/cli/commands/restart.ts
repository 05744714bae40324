// djob restart: the same modules, flags and environment once more. If another start comes in between, it wins.
import { askSpec } from "../../control/client.ts";
import type { Environment } from "../../daemon/environment.ts";
import { DjobError } from "../../daemon/error.ts";
import { type Found, find, type Place } from "../../daemon/finding/locate.ts";
import { takeLock } from "../../daemon/finding/lock.ts";
import { clearPid } from "../../daemon/finding/pidfile.ts";
import { environmentOfProcess } from "../../daemon/finding/silent.ts";
import { requireOwnWords } from "../../daemon/finding/speaker.ts";
import { restoreSpec, type Spec } from "../../daemon/spec.ts";
import { launch } from "../../daemon/starting/launch.ts";
import { requireModules } from "../../daemon/starting/start.ts";
import { stop as stopDaemon } from "../../daemon/stopping/stop.ts";
import { ignoreTerminalSignals } from "../../daemon/terminal-signals.ts";
import { exitCode } from "../../exit-code.ts";
import { isCrontab } from "../../runtime/loading/crontab/kind.ts";
import type { Command } from "../command.ts";
import {
  directoriesOf,
  durationOf,
  jsonFlag,
  nameArgument,
  placeFlags,
  placeIn,
  stopTimeoutFlag,
} from "../flags.ts";
import { notRunning } from "../names.ts";
import { showStarted } from "../show-started.ts";
import { manner } from "./stop.ts";

const answerMs = 5_000;

export const restart: Command = {
  meta: { name: "restart", description: "Stop a daemon and start the same again" },
  args: {
    name: nameArgument,
    ...placeFlags,
    "stop-timeout": stopTimeoutFlag,
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [["djob restart worker", "load its modules anew, with the flags and environment of its start"]],
  async run({ args, positionals, output }) {
    const timeoutMs = durationOf(args, "stop-timeout");
    const directories = directoriesOf(args);
    const place = placeIn(directories, args, positionals[0] ?? "");
    const found = await find(place);
    if (found.life !== "alive") throw notRunning(place, found, directories);
    const { spec, environment } = await startOf(place, found);
    if (spec.foreground) throw inForeground(place.name);
    await requireLoadable(spec);
    // From here on a closed terminal would leave the daemon stopped.
    ignoreTerminalSignals();
    const stopped = await stopDaemon(place, found, timeoutMs);
    if (!output.json) output.people.success(`${place.name} stopped (pid ${stopped.pid}) ${manner(stopped)}`);
    const lock = stopped.lock ?? (await takeLock(place.name, place.paths.pidfile));
    process.chdir("/");
    clearPid(lock);
    const launched = await launch(spec, environment, lock);
    await showStarted(spec, launched, output);
    return exitCode.done;
  },
};

/**
 * A daemon must not be stopped for files that can't be started. Only what its own user may read anyway is parsed: the
 * bundler runs macros.
 * @throws {DjobError} with exit code 9
 */
async function requireLoadable(spec: Spec): Promise<void> {
  if (spec.command !== null) return;
  const hint = `${spec.name} runs on, on its old code`;
  try {
    requireModules(spec);
  } catch (error) {
    throw error instanceof DjobError ? new DjobError(error.code, error.message, error.hint ?? hint) : error;
  }
  if (spec.privileges !== null) return;
  const { syntaxErrorOf } = await import("../../runtime/reload.ts");
  const scripts = spec.modules.filter((module) => !isCrontab(module, spec.systemCrontab));
  const broken = await syntaxErrorOf(scripts);
  if (broken !== null) throw new DjobError(exitCode.notReady, `cannot restart ${spec.name}: ${broken}`, hint);
}

/** What it was started with: its own words, or what its process holds. */
async function startOf(place: Place, found: Extract<Found, { life: "alive" }>): Promise<Start> {
  const { name, paths } = place;
  if (found.status !== null) requireOwnWords(place, null);
  const report = found.status === null ? null : await askSpec(paths.socket, answerMs);
  if (report !== null) return { spec: restoreSpec(report.spec), environment: report.environment };
  if (found.spec === null || found.pid === null) throw silent(name);
  requireOwnWords(place, found.pid);
  return { spec: found.spec, environment: environmentOfProcess(found.pid) };
}

interface Start {
  readonly spec: Spec;
  readonly environment: Environment;
}

function silent(name: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot restart ${name}: it does not answer, so its flags are not known`,
    `stop it with djob stop ${name}, and start it with djob run`,
  );
}

function inForeground(name: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot restart ${name}: it runs in the foreground of whatever started it`,
    "restart it there",
  );
}
