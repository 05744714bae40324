// djob trigger: a run now, which may be waited for.

import { followJobs } from "../../control/client.ts";
import type { RunReport } from "../../control/jobs.ts";
import { longestBodyBytes } from "../../control/messages.ts";
import { DjobError } from "../../daemon/error.ts";
import { type ExitCode, exitCode } from "../../exit-code.ts";
import { outDescriptor, writeText } from "../../logs/sink.ts";
import {
  askDaemon,
  type Daemon,
  daemonOf,
  pathTo,
  refused,
  requireRunning,
  silent,
  visible,
} from "../ask-daemon.ts";
import { type Command, isSet, textOf } from "../command.ts";
import { jobArgument, jsonFlag, nameArgument, placeFlags } from "../flags.ts";
import { inputFlag, inputOf } from "../input-flag.ts";
import type { Output } from "../output.ts";
import { outcomeText } from "../show-jobs.ts";

export const trigger: Command = {
  meta: { name: "trigger", description: "Run a job now" },
  args: {
    name: nameArgument,
    job: jobArgument,
    ...placeFlags,
    input: inputFlag,
    wait: { type: "boolean", description: "show its lines until it ends, and exit 0 only if it succeeded" },
    follow: {
      type: "boolean",
      alias: "f",
      description: "show its lines until it ends, and exit 0 however it does",
    },
    json: jsonFlag,
  },
  positionals: { minimum: 2, maximum: 2 },
  examples: [
    ["djob trigger worker report", "start it, and return"],
    [
      `djob trigger worker report --input '{"day":"2026-11-24"}' --wait`,
      "its output, and its success as exit status",
    ],
  ],
  notes:
    "With --wait the exit status is 0 if the run succeeded, else 1, for a command too: its own exit code is in djob runs --json. Ctrl-C ends the waiting, not the run.",
  async run({ args, positionals: [name = "", job = ""], output }) {
    const input = await inputOf(textOf(args, "input"));
    const daemon = await daemonOf(args, name);
    const body = input === undefined ? {} : { input };
    checkLength(body);
    const waits = isSet(args, "wait");
    if (waits || isSet(args, "follow")) return await follow(daemon, job, body, waits, output);
    const question = { method: "POST", path: pathTo("jobs", job, "trigger"), body } as const;
    const run = await askDaemon<RunReport>(daemon, `trigger ${job}`, question);
    if (output.json) output.document(run);
    else
      output.people.success(
        `${visible(run.id)} ${run.reason === null ? "has begun" : `waits: ${visible(run.reason)}`}`,
      );
    return exitCode.done;
  },
};

function checkLength(body: object): void {
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes > longestBodyBytes)
    throw new DjobError(
      exitCode.usage,
      `cannot use the --input: it has ${bytes} bytes as JSON, and may have ${longestBodyBytes}`,
      "have the job read a file",
    );
}

interface FollowLine {
  readonly begun?: RunReport;
  readonly line?: string;
  readonly dropped?: number;
  readonly run?: RunReport;
  readonly error?: unknown;
}

async function follow(
  daemon: Daemon,
  job: string,
  body: object,
  waits: boolean,
  output: Output,
): Promise<ExitCode> {
  requireRunning(daemon);
  const { place } = daemon;
  const what = `trigger ${job}`;
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => interrupted.abort());
  const question = { method: "POST", path: `${pathTo("jobs", job, "trigger")}?follow=true`, body } as const;
  let begun: RunReport | null = null;
  try {
    for await (const value of followJobs(place.paths.socket, question, interrupted.signal)) {
      const line = value as FollowLine;
      if (line.begun !== undefined) begun = line.begun;
      else if (line.run !== undefined) return conclude(line.run, waits, output);
      else if (line.error !== undefined) throw refused(place.name, what, line);
      else show(line, output);
    }
  } catch (error) {
    if (error instanceof DjobError) throw error;
    // The connection has ended, by Ctrl-C or with the daemon: told below.
  }
  if (begun === null && interrupted.signal.aborted) {
    const unknown = `not waiting any more: whether ${visible(job)} has begun is not known`;
    throw new DjobError(exitCode.failed, unknown, `see djob runs ${place.name} ${visible(job)}`);
  }
  if (begun === null) throw silent(place, what);
  const id = visible(begun.id);
  const hint = `what comes of it: djob runs ${place.name} ${visible(job)}`;
  const goesOn = `not waiting any more: the run ${id} goes on`;
  const lost = `cannot wait for ${id} any more: the connection to ${place.name} has ended`;
  throw new DjobError(exitCode.failed, interrupted.signal.aborted ? goesOn : lost, hint);
}

/** With --json there is one document, at the end. */
function show({ line, dropped }: FollowLine, output: Output): void {
  if (output.json) return;
  if (line !== undefined) writeText(outDescriptor, `${line}\n`);
  else if (dropped !== undefined) output.people.warn(`${dropped} lines are left out: see djob logs`);
}

function conclude(run: RunReport, waits: boolean, output: Output): ExitCode {
  const succeeded = run.outcome === "succeeded";
  if (output.json) output.document(run);
  else if (succeeded) output.people.success(`${visible(run.id)} succeeded`);
  else {
    const why = run.error === null ? (run.reason ?? "") : `${run.error.name}: ${run.error.message}`;
    const outcome = outcomeText(run.outcome ?? "not known", output);
    output.people.fail(`${visible(run.id)} ${outcome}${why === "" ? "" : `: ${visible(why)}`}`);
  }
  return succeeded || !waits ? exitCode.done : exitCode.failed;
}
