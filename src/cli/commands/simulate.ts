// djob simulate: every firing of a period, without running anything.

import { DjobError } from "../../daemon/error.ts";
import { requireModules } from "../../daemon/starting/start.ts";
import { checkModules } from "../../daemon/trying/check.ts";
import { exitCode } from "../../exit-code.ts";
import { outDescriptor, writeText } from "../../logs/sink.ts";
import { ScheduleError } from "../../schedule/schedule-error.ts";
import { type SimulatedTime, simulate as timesOf } from "../../schedule/simulation.ts";
import { parseTime } from "../../schedule/time-zone.ts";
import { type Command, textOf } from "../command.ts";
import { planRun } from "../run-plan.ts";
import { check } from "./check.ts";

const usualDays = 1;
const dayMs = 86_400_000;
const linesAtOnce = 10_000;

export const simulate: Command = {
  meta: { name: "simulate", description: "Show every time of a period at which modules' jobs would run" },
  args: {
    ...check.args,
    from: { type: "string", valueHint: "TIME", description: "the period's begin (default: now)" },
    to: {
      type: "string",
      valueHint: "TIME",
      description: `its end (default: ${usualDays} day after its begin)`,
    },
  },
  positionals: check.positionals,
  examples: [
    ["djob simulate worker.ts --from 2026-12-24T00:00 --to 2027-01-01T00:00", "all times over the holidays"],
  ],
  notes:
    "The modules are really loaded, as djob check does; no handler runs. Jitter is left out, and so are always and @reboot, which have no times.",
  async run(input) {
    const { args, output } = input;
    const { spec, environment } = planRun(input);
    requireModules(spec, "load");
    // What goes by the daemon's own zone goes by it here, too.
    const zone = environment["TZ"] ?? null;
    if (zone !== null) process.env["TZ"] = zone;
    const fromMs = timeOf("from", textOf(args, "from")) ?? Date.now();
    const toMs = timeOf("to", textOf(args, "to")) ?? fromMs + usualDays * dayMs;
    if (toMs < fromMs)
      throw new DjobError(exitCode.usage, "cannot simulate: --to is before --from", "exchange them");
    const { jobs, warnings } = await checkModules(spec, environment);
    for (const warning of warnings) output.people.warn(warning);
    const firings = timesOf(
      jobs.map(({ name, plan }) => [output.json ? JSON.stringify(name) : name, plan] as const),
      fromMs - 1,
      toMs,
    );
    if (output.json) {
      write(`{\n  "from": "${isoOf(fromMs)}",\n  "to": "${isoOf(toMs)}",\n  "times": [\n`);
      const last = writeTimes(firings, ",\n", (time, job) => `    { "time": "${time}", "job": ${job} }`);
      write(`${last}  ]\n}\n`);
    } else {
      const last = writeTimes(firings, "\n", (time, job) => `${time}  ${job}`);
      write(last);
      if (last === "")
        output.people.warn(`no job has a time from ${isoOf(fromMs)} to ${isoOf(toMs)} (always has none)`);
    }
    return exitCode.done;
  },
};

function timeOf(flag: string, text: string | null): number | null {
  if (text === null) return null;
  try {
    // A day alone means its begin.
    return parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text, null);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    throw new DjobError(exitCode.usage, `cannot use --${flag}: ${error.message}`, error.hint ?? null);
  }
}

/**
 * A year of a minutely job has half a million lines, which are no list in memory.
 * @returns the last line's end
 */
function writeTimes(
  firings: Iterable<SimulatedTime<string>>,
  separator: string,
  line: (time: string, job: string) => string,
): string {
  let lines: string[] = [];
  let isFirst = true;
  const flush = () => {
    write(`${isFirst ? "" : separator}${lines.join(separator)}`);
    isFirst = false;
    lines = [];
  };
  for (const { timeMs, job } of firings) if (lines.push(line(isoOf(timeMs), job)) >= linesAtOnce) flush();
  if (lines.length > 0) flush();
  return isFirst ? "" : "\n";
}

function write(text: string): void {
  writeText(outDescriptor, text);
}

let latest = { timeMs: Number.NaN, text: "" };

/** Many jobs come at the same instant, which is written once. */
function isoOf(timeMs: number): string {
  if (timeMs !== latest.timeMs) latest = { timeMs, text: new Date(timeMs).toISOString() };
  return latest.text;
}
