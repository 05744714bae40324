// What is said where djob logs finds nothing of what was asked for.

import { everything, jobOfRun } from "../logs/read/filter.ts";
import { jobNamesIn } from "../logs/read/job-names.ts";
import { openLog } from "../logs/read/open-log.ts";
import type { Session } from "./log-reading.ts";
import { type DaemonLogs, logsOf } from "./log-sources.ts";
import { visible } from "./output.ts";
import { nearest } from "./strict.ts";

/** So many of its last records tell which jobs a log has. */
const recordsLookedAt = 20_000;
const mostNames = 12;

interface Missing {
  readonly what: string;
  readonly hint: string | null;
}

/** Says that nothing was found. @returns whether something was asked for: a log that is empty has nothing to find */
export function nothingFound(session: Session): boolean {
  const { wishes, daemons, output } = session;
  const whose = namesOf(daemons);
  if (wishes.asked.length === 0) {
    output.people.warn(`there is nothing in the log of ${whose}`);
    return false;
  }
  const unknown = unknownJob(session);
  const what = unknown?.what ?? `nothing found in the log of ${whose} with ${wishes.asked.join(" ")}`;
  const hint = unknown?.hint ?? null;
  output.people.error(visible(hint === null ? what : `${what}\nhint: ${hint}`));
  return true;
}

/** Null: no job was asked for, or one that a daemon has, or that has written to its log. */
export function unknownJob({ wishes, daemons }: Session): Missing | null {
  const job = wishes.job ?? (wishes.run === null ? null : jobOfRun(wishes.run));
  if (job === null || daemons.length === 0) return null;
  const known = new Set(daemons.flatMap(declared));
  if (!known.has(job)) for (const name of daemons.flatMap(written)) known.add(name);
  if (known.has(job)) return null;
  const names = [...known].sort();
  const near = nearest(job, names);
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : "";
  const all =
    names.length === 0 ? "it knows none" : `it knows ${names.slice(0, mostNames).join(", ")}${more}`;
  return {
    what: visible(`there is no job ${JSON.stringify(job)} in the log of ${namesOf(daemons)}: ${all}`),
    hint: near === null ? null : visible(`did you mean ${near}?`),
  };
}

function declared({ daemon: { found } }: DaemonLogs): readonly string[] {
  return found.life === "alive" ? (found.status?.jobs ?? []).map(({ name }) => name) : [];
}

function written({ daemon }: DaemonLogs): readonly string[] {
  const request = { wanted: everything, count: recordsLookedAt, onDamage() {} };
  return (logsOf(daemon, null)?.paths ?? []).flatMap((path) => {
    try {
      const opened = openLog({ ...request, path });
      return opened === null ? [] : [...jobNamesIn(opened.records)];
    } catch {
      // It can't be read: that is told by whoever shows it.
      return [];
    }
  });
}

function namesOf(daemons: readonly DaemonLogs[]): string {
  return daemons.map(({ daemon }) => daemon.place.name).join(", ");
}
