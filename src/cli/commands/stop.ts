// djob stop
import type { ParsedArgs } from "citty";
import { DjobError } from "../../daemon/error.ts";
import { find } from "../../daemon/finding/locate.ts";
import { clearDead, releaseStopped, type Stopped, stop as stopDaemon } from "../../daemon/stopping/stop.ts";
import { parseSchedule, type StopStep } from "../../daemon/stopping/stop-schedule.ts";
import { exitCode } from "../../exit-code.ts";
import { formatDuration } from "../../schedule/duration.ts";
import { type Command, isSet, textOf } from "../command.ts";
import {
  directoriesOf,
  durationOf,
  jsonFlag,
  nameArgument,
  okFlag,
  placeFlags,
  placeIn,
  stopTimeoutFlag,
} from "../flags.ts";
import { retryFlag } from "../life-flags.ts";
import { notRunning } from "../names.ts";
import type { Output } from "../output.ts";
import { tolerate } from "../show-started.ts";

export const stop: Command = {
  meta: { name: "stop", description: "Stop a daemon and return when it is gone" },
  args: {
    name: nameArgument,
    ...placeFlags,
    "stop-timeout": stopTimeoutFlag,
    retry: retryFlag,
    ok: okFlag,
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    ["djob stop worker", "let its runs end, for up to its stop timeout"],
    ["djob stop worker --stop-timeout 1s", "and kill it after a second"],
    ["djob stop worker --retry INT/5/TERM/5/KILL/1", "step by step, in seconds"],
  ],
  async run({ args, positionals, output }) {
    return await tolerate(isSet(args, "ok"), exitCode.notRunning, output, () =>
      stopNamed(positionals[0] ?? "", args, output),
    );
  },
};

async function stopNamed(name: string, args: ParsedArgs, output: Output): Promise<void> {
  const timeoutMs = durationOf(args, "stop-timeout");
  const schedule = scheduleOf(args);
  const directories = directoriesOf(args);
  const place = placeIn(directories, args, name);
  const found = await find(place);
  if (found.life !== "alive") {
    const error = notRunning(place, found, directories);
    if (found.life === "dead") clearDead(place);
    throw error;
  }
  // What the answer is printed with, while the daemon ends.
  if (!output.json) output.warmUp();
  const stopped = await stopDaemon(place, found, timeoutMs, schedule);
  releaseStopped(place, stopped.lock);
  const { pid, how, runs, durationMs } = stopped;
  if (output.json) output.document({ name, pid, outcome: how, runs, durationMs: Math.round(durationMs) });
  else output.people.success(`${name} stopped (pid ${pid}) ${manner(stopped)}`);
}

/** @throws {DjobError} with exit code 2 */
function scheduleOf(args: ParsedArgs): StopStep[] | null {
  const retry = textOf(args, "retry");
  if (retry === null) return null;
  if (textOf(args, "stop-timeout") === null) return parseSchedule(retry);
  throw new DjobError(
    exitCode.usage,
    "cannot run djob stop: --retry and --stop-timeout say the same twice",
    "leave one of them out",
  );
}

export function manner({ how, runs, durationMs }: Stopped): string {
  const after = `after ${formatDuration(Math.max(1, Math.round(durationMs)))}`;
  if (how === "clean") return `cleanly ${after}`;
  const lost = runs.length > 0 ? `: ${runs.join(", ")} did not end in time` : ": it did not end in time";
  return `by KILL ${after}${lost}`;
}
