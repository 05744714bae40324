// Between two changes of the clocks a zone's wall clock is UTC plus an offset. These periods are looked up once each.

/** A stretch of time with one offset. The first has no start and no change before it, the last has no end. */
export interface Period {
  readonly startMs: number;
  /** The first instant after it. */
  readonly endMs: number;
  readonly offsetMs: number;
  /** The offset before `startMs`. */
  readonly previousOffsetMs: number;
}

const MAXIMUM_KEPT = 2_000;
const periods = new Map<string, Period[]>();
let kept = 0;

/** @param timeZone a zone that was checked; null is the process's own */
export function periodAt(timeZone: string | null, timeMs: number): Period {
  const zone = timeZone ?? ownTimeZone();
  const found = periods.get(zone);
  if (found !== undefined) {
    for (const period of found) if (timeMs >= period.startMs && timeMs < period.endMs) return period;
  }
  if (kept >= MAXIMUM_KEPT) {
    periods.clear();
    kept = 0;
  }
  const made = lookUp(zone, timeMs);
  const all = periods.get(zone) ?? [];
  // The latest first: that is where the next question falls.
  periods.set(zone, [made, ...all]);
  kept += 1;
  return made;
}

/** The process's zone, which TZ sets. */
export function ownTimeZone(): string {
  return Temporal.Now.timeZoneId();
}

/**
 * The C library also takes rules (TZ=CET-1CEST) and files. The runtime takes what is no zone's name for UTC, without a word.
 * @param written TZ, as the process has it
 * @returns what is to be told of times that go by it; null: nothing
 */
export function misreadZone(written: string | undefined, runtimeZone = ownTimeZone()): string | null {
  if (written === undefined || written === "" || runtimeZone !== "UTC" || namesUtc.test(written)) return null;
  return `TZ is ${JSON.stringify(written)}, which is no time zone of the IANA database: what has no zone of its own goes by UTC`;
}

const namesUtc = /^:?(?:posix\/|right\/)?(?:Etc\/)?(?:UTC0?|UCT|GMT[+-]?0?|Zulu|Universal|Greenwich)$/i;

function lookUp(zone: string, timeMs: number): Period {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(timeMs)).toZonedDateTimeISO(zone);
  const end = local.getTimeZoneTransition("next");
  // A transition at this very instant is not "previous" to it.
  const start = local.add({ milliseconds: 1 }).getTimeZoneTransition("previous");
  const startMs = start?.epochMilliseconds ?? Number.NEGATIVE_INFINITY;
  const offsetMs = local.offsetNanoseconds / 1e6;
  return {
    startMs,
    endMs: end?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs,
    previousOffsetMs: start === null ? offsetMs : start.subtract({ milliseconds: 1 }).offsetNanoseconds / 1e6,
  };
}
