// djob logs -f: goes on with the logs of daemons, and with those that appear meanwhile.
import type { FollowedLog } from "../logs/read/followed-log.ts";
import { openFollowedLog } from "../logs/read/open-log.ts";
import { Alarm, readOn, type Source } from "../logs/read/read-logs.ts";
import { watchReader } from "../logs/read/reader-watch.ts";
import type { OnDamage } from "../logs/read/records.ts";
import { outDescriptor } from "../logs/sink.ts";
import { Newcomers } from "./log-newcomers.ts";
import { unknownJob } from "./log-nothing.ts";
import { openAll, readingOf, type Session, type SourceRequest } from "./log-reading.ts";
import { notRunning } from "./names.ts";

/** How long an interrupted reader may take to show what has come. */
const lastWordsMs = 200;

type OpenedSource = Source<FollowedLog> & { readonly count: number; readonly isThere: boolean };

export async function follow(
  session: Session,
  requests: readonly SourceRequest[],
  onDamage: OnDamage,
  warn: (text: string) => void,
): Promise<void> {
  const end = new AbortController();
  const ended = new Promise<void>((resolve) => {
    end.signal.addEventListener("abort", () => setTimeout(resolve, lastWordsMs), { once: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  watchReader(outDescriptor, () => end.abort());
  const alarm = new Alarm();
  const open = (request: SourceRequest): OpenedSource => ({
    ...openFollowedLog(request, () => alarm.ring()),
    source: request.source,
  });
  const newcomers = new Newcomers(session, requests, { open, onDamage, ring: () => alarm.ring() });
  const { logs: opened, refused } = openAll(requests, open);
  const unknown = unknownJob(session);
  if (unknown !== null) warn(unknown.hint === null ? unknown.what : `${unknown.what} (${unknown.hint})`);
  tellMissing(
    session,
    new Set([...refused, ...opened.filter(({ isThere }) => isThere).map(({ source }) => source)]),
    warn,
  );
  const reading = readingOf(session, newcomers.names, opened);
  // Whoever does not read on holds the writing up: that is no reason not to end.
  await Promise.race([readOn(opened, newcomers, reading, alarm, end.signal), ended]);
}

function tellMissing(
  { daemons, directories, isAll }: Session,
  there: ReadonlySet<number>,
  warn: (text: string) => void,
): void {
  if (isAll && daemons.length === 0) {
    const looked = [...new Set([directories.runtime, directories.logs])].join(" and ");
    warn(`waiting for a daemon with a log: there is none in ${looked}`);
  }
  for (const [source, { daemon, paths }] of daemons.entries()) {
    if (there.has(source)) continue;
    if (daemon.found.life === "alive") {
      const hint = `djob signal ${daemon.place.name} USR1 has it opened anew`;
      warn(`waiting for ${paths[0]}: there is no such file, although its daemon runs (${hint})`);
      continue;
    }
    const { message, hint } = notRunning(daemon.place, daemon.found, daemon.directories);
    const suggestion = hint === null ? "" : ` (${hint})`;
    warn(`waiting for ${paths[0]}: ${message}${suggestion}`);
  }
}
