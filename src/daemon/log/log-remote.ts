// The output of a daemon whose log is a service of the system, and what its descriptors 1 and 2 are then.
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { exitCode } from "../../exit-code.ts";
import { closeDescriptor, duplicate } from "../../libc/files.ts";
import type { Level } from "../../logs/line.ts";
import { priorities } from "../../logs/remote/journald.ts";
import {
  journalOutput,
  journalSocket,
  openJournalStream,
  type RemoteOutput,
  syslogOutput,
  syslogSocket,
} from "../../logs/remote/output.ts";
import { LogStream } from "../../logs/stream.ts";
import type { Trouble } from "../../logs/trouble.ts";
import { LineSplitter } from "../../runtime/command/lines.ts";
import { DjobError, worldError } from "../error.ts";
import type { Spec } from "../spec.ts";

/** How long the end of a process may wait for the service to take what it has not yet. */
const lastWordsMs = 250;
const lastLookMs = 5;
/** As systemd has it: programs tell their progress on standard error as well. */
const rawLevels = { 1: "info", 2: "info" } as const satisfies Record<1 | 2, Level>;

/** Descriptors; the same one twice if standard error has no place of its own. */
export interface OpenLogs {
  readonly out: number;
  readonly err: number;
}

/** @returns null for a log that is no service */
export function remoteOutput(
  { name, log: { target } }: Spec,
  trouble: Trouble,
  now: () => number,
): RemoteOutput | null {
  const sender = { name, pid: process.pid };
  if (target.type === "journald") {
    const note = () => "";
    const streams = { 1: new LogStream(1, null, trouble, note), 2: new LogStream(2, null, trouble, note) };
    const raw: RemoteOutput["raw"] = (descriptor, bytes, nowMs) =>
      streams[descriptor].writeBytes(bytes, nowMs);
    return lastWords(journalOutput(sender, { now, trouble, raw, returned: () => reopenJournal(name) }));
  }
  if (target.type !== "syslog") return null;
  const output: RemoteOutput = syslogOutput(
    { ...sender, host: hostname(), facility: target.facility },
    {
      ...{ now, trouble, returned() {} },
      raw: (descriptor, bytes) => splitters[descriptor].push(bytes),
    },
  );
  const splitter = (level: Level) =>
    new LineSplitter((message) => output.write({ timeMs: now(), level, job: null, message }));
  const splitters = { 1: splitter(rawLevels[1]), 2: splitter(rawLevels[2]) };
  return lastWords(output);
}

/**
 * What descriptors 1 and 2 are to be. With syslog it is nothing at first: the supervisor puts pipes there, and reads them.
 * @throws {DjobError} if the service is not there
 */
export function openRemote({ name, log: { target } }: Spec): OpenLogs | null {
  if (target.type === "syslog" && !existsSync(syslogSocket)) throw missing("syslog", syslogSocket);
  if (target.type !== "journald") return null;
  if (!existsSync(journalSocket)) throw missing("the journal", journalSocket);
  try {
    return openStreams(name);
  } catch (error) {
    throw worldError("write to the journal", error, "log to a file: --log FILE");
  }
}

function missing(what: string, path: string): DjobError {
  const hint = "start its service first, or log to a file: --log FILE";
  return new DjobError(exitCode.failed, `cannot log to ${what}: there is no ${path}`, hint);
}

function openStreams(name: string): OpenLogs {
  const out = openJournalStream(name, priorities[rawLevels[1]]);
  try {
    return { out, err: openJournalStream(name, priorities[rawLevels[2]]) };
  } catch (error) {
    closeDescriptor(out);
    throw error;
  }
}

/** The streams of a journal that has ended lead nowhere. */
function reopenJournal(name: string): void {
  try {
    const { out, err } = openStreams(name);
    for (const [from, to] of [
      [out, 1],
      [err, 2],
    ] as const) {
      duplicate(from, to);
      closeDescriptor(from);
    }
  } catch {
    // Its records arrive; what others write to the descriptors has to wait for the next time that it comes back.
  }
}

function lastWords(output: RemoteOutput): RemoteOutput {
  process.on("exit", () => {
    for (let waitedMs = 0; waitedMs < lastWordsMs && !output.flush(); waitedMs += lastLookMs)
      Bun.sleepSync(lastLookMs);
  });
  return output;
}
