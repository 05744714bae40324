// djob next: when a schedule comes, in words and in times, and where it means something else than it seems to.
import { hostname } from "node:os";
import type { ParsedArgs } from "citty";
import { DjobError } from "../../daemon/error.ts";
import { exitCode } from "../../exit-code.ts";
import { type Change, changeOf, localTime } from "../../schedule/cron-changes.ts";
import { formatDuration } from "../../schedule/duration.ts";
import { plannedBetween } from "../../schedule/plan.ts";
import { describeSchedule, parseSchedule, type Schedule } from "../../schedule/schedule.ts";
import { surprisesOf } from "../../schedule/surprises.ts";
import { checkTimeZone, parseTime } from "../../schedule/time-zone.ts";
import { describeInWords } from "../../schedule/words.ts";
import { misreadZone, ownTimeZone } from "../../schedule/zone-period.ts";
import { type Command, textOf } from "../command.ts";
import { jsonFlag, zoneFlag } from "../flags.ts";
import { columns, type Output } from "../output.ts";

const usualCount = 5;
const maximumCount = 1_000;

export const next: Command = {
  meta: { name: "next", description: "Tell when a schedule comes" },
  args: {
    schedule: { type: "positional", description: "as in job(), in quotes", required: true },
    tz: zoneFlag,
    from: {
      type: "string",
      valueHint: "TIME",
      description: "times after this one, in ISO 8601 (default: now)",
    },
    count: { type: "string", valueHint: "N", description: `how many times (default: ${usualCount})` },
    job: { type: "string", valueHint: "NAME", description: "whose times, where the schedule has an H" },
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    ["djob next '0 9 * * MON-FRI'", "its next five times"],
    ["djob next '30 2 * * *' --tz Europe/Berlin --from 2026-03-28T12:00", "over a change of the clocks"],
    ["djob next 'H H(0-5) * * *' --job backup", "when the job backup comes on this machine"],
  ],
  notes: "Exit code 2 if it is no schedule, or never comes.",
  async run({ args, positionals, output }) {
    const [text = ""] = positionals;
    const timeZone = textOf(args, "tz");
    if (timeZone !== null) checkTimeZone(timeZone);
    const fromMs = fromOf(args, timeZone);
    const count = countOf(args);
    const schedule = scheduleOf(args, text, timeZone, fromMs);
    const plan = { schedules: [schedule], fromMs: null, untilMs: null, jitterMs: 0 };
    const times = plannedBetween(plan, fromMs, lastInstantMs, count);
    const report: Report = {
      schedule,
      timeZone: timeZone ?? ownTimeZone(),
      words: await describeInWords(schedule),
      times: times.map((timeMs) => ({ timeMs, change: changeOf(schedule, timeMs) })),
      notes: [...zoneNotes(timeZone), ...surprisesOf(schedule, fromMs)],
      fromMs,
    };
    if (output.json) output.document(documentOf(report));
    else show(report, output);
    return exitCode.done;
  },
};

function zoneNotes(timeZone: string | null): string[] {
  const note = timeZone === null ? misreadZone(process.env["TZ"]) : null;
  return note === null ? [] : [note];
}

/** The last that a Date can tell. */
const lastInstantMs = 8.64e15;

interface Report {
  readonly schedule: Schedule;
  readonly timeZone: string;
  readonly words: string;
  readonly times: ReadonlyArray<{ readonly timeMs: number; readonly change: Change | null }>;
  readonly notes: readonly string[];
  readonly fromMs: number;
}

function documentOf({ schedule, timeZone, words, times, notes }: Report) {
  return {
    schedule: describeSchedule(schedule),
    /** What H stands for. */
    resolved: resolvedOf(schedule),
    tz: timeZone,
    words,
    times: times.map(({ timeMs }) => new Date(timeMs).toISOString()),
    local: times.map(({ timeMs }) => localTime(timeZone, timeMs)),
    changes: times.flatMap(({ timeMs, change }) =>
      change === null ? [] : [{ time: new Date(timeMs).toISOString(), change }],
    ),
    notes,
  };
}

const changeTexts: Readonly<Record<Change, string>> = {
  moved: "moved: the clocks go forward over the time itself",
  repeated: "again: the clocks have gone back",
  first: "once: the clocks go back, and this time comes twice",
};

function show({ schedule, timeZone, words, times, notes, fromMs }: Report, output: Output): void {
  const resolved = resolvedOf(schedule);
  const what = resolved === null ? describeSchedule(schedule) : `${describeSchedule(schedule)} (${resolved})`;
  output.people.log(`${output.paint("bold", what)}  ${timeZone}\n${words}`);
  const rows = times.map(({ timeMs, change }) => [
    `  ${localTime(timeZone, timeMs)}`,
    `in ${formatDuration(timeMs - fromMs)}`,
    change === null ? "" : output.paint("yellow", changeTexts[change]),
  ]);
  if (rows.length > 0) output.people.log(columns(rows));
  else if (schedule.kind === "at" || schedule.kind === "cron") output.people.log("  it does not come again");
  for (const note of notes) output.people.warn(note);
}

function resolvedOf(schedule: Schedule): string | null {
  return schedule.kind === "cron" && schedule.written !== undefined ? schedule.expression : null;
}

function scheduleOf(args: ParsedArgs, text: string, timeZone: string | null, fromMs: number): Schedule {
  const job = textOf(args, "job");
  try {
    return parseSchedule(text, {
      ...(timeZone === null ? {} : { timeZone }),
      ...(job === null ? {} : { seed: `${hostname()}/${job}` }),
      nowMs: fromMs,
    });
  } catch (error) {
    if (job !== null || !(error instanceof Error) || !/: H stands for/.test(error.message)) throw error;
    throw new DjobError(exitCode.usage, error.message, "name the job: --job NAME");
  }
}

function fromOf(args: ParsedArgs, timeZone: string | null): number {
  const text = textOf(args, "from");
  return text === null ? Date.now() : parseTime(text, timeZone);
}

function countOf(args: ParsedArgs): number {
  const text = textOf(args, "count") ?? String(usualCount);
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= maximumCount) return count;
  throw new DjobError(
    exitCode.usage,
    `cannot use --count ${text}: it is not a whole number from 1 to ${maximumCount}`,
    "write --count 10",
  );
}
