// djob run-once: one job, now, in this terminal.
import { constants } from "node:os";
import { requireModules } from "../../daemon/starting/start.ts";
import { runOnceInForeground } from "../../daemon/trying/run-once.ts";
import { exitCode } from "../../exit-code.ts";
import { errDescriptor, outDescriptor, writeText } from "../../logs/sink.ts";
import type { OnceEnd } from "../../runtime/run-once.ts";
import { formatDuration } from "../../schedule/duration.ts";
import { type Command, textOf } from "../command.ts";
import { durationOf } from "../flags.ts";
import { inputFlag, inputOf } from "../input-flag.ts";
import { type Output, visible } from "../output.ts";
import { planRun } from "../run-plan.ts";
import { outcomeText } from "../show-jobs.ts";
import { check } from "./check.ts";

const { module: _, json, ...shared } = check.args;

export const runOnce: Command = {
  meta: { name: "run-once", description: "Run one job now, in this terminal, and exit with its result" },
  args: {
    module: { type: "positional", description: "its modules, one or more", required: true },
    job: {
      type: "positional",
      description: "the job's name; may be left out if there is one",
      required: false,
    },
    input: inputFlag,
    timeout: {
      type: "string",
      valueHint: "TIME",
      description: "how long each attempt may take (default: as the job says)",
    },
    ...shared,
    ...(json === undefined ? {} : { json }),
  },
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    ["djob run-once worker.ts report", "run report, whatever its schedule says"],
    [
      `djob run-once worker.ts report --input '{"day":"2026-11-24"}' | jq`,
      "what it returns is on standard output",
    ],
  ],
  notes:
    "Exit code 0 if it succeeded, 1 if it did not, 9 if a module can't be loaded. Its timeout, graceMs and retry hold; nothing else does: no schedule, no other job, no hook, no ping, no history. context.state and context.lastSuccess are empty, and nothing of the run is kept; a daemon of the same modules is not disturbed. Ctrl-C aborts context.signal; a second one ends the run now (exit code 130). What the job has started ends with it.",
  async run(input) {
    const { args, positionals, output } = input;
    const [job = null] = positionals.length > 1 ? positionals.slice(-1) : [];
    const modules = positionals.length > 1 ? positionals.slice(0, -1) : positionals;
    const given = await inputOf(textOf(args, "input"));
    const timeoutMs = durationOf(args, "timeout");
    const { spec, environment } = planRun({ ...input, positionals: modules });
    requireModules(spec, "load");
    const request = { job, timeoutMs, ...(given === undefined ? {} : { input: given }) };
    const end = await runOnceInForeground(spec, environment, request, output.json);
    if ("killedBy" in end) return 128 + (constants.signals[end.killedBy] ?? 0);
    show(end, output);
    return end.report.outcome === "succeeded" ? exitCode.done : exitCode.failed;
  },
};

/** What it returned is standard output's; the rest is for whoever looks on. */
function show({ report, result }: OnceEnd, output: Output): void {
  if (output.json) {
    output.document({ ...report, result: result === null ? null : JSON.parse(result) });
    return;
  }
  if (result !== null) writeText(outDescriptor, `${JSON.stringify(JSON.parse(result), null, 2)}\n`);
  const { id, outcome, startedAt, endedAt, error } = report;
  const tookMs = startedAt === null || endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt);
  const took = formatDuration(Math.max(0, tookMs));
  if (outcome === "succeeded") {
    writeText(errDescriptor, `✔ ${visible(id)} succeeded after ${took}\n`);
    return;
  }
  const why = error === null ? "" : `: ${visible(`${error.name}: ${error.message}`)}`;
  output.people.fail(`${visible(id)} ${outcomeText(outcome ?? "not known", output)} after ${took}${why}`);
}
