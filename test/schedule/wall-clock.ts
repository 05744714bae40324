// The tests' own walk over minutes: an independent, slow reading of the rules that Bun documents for cron, to compare
// next times with. It takes wall-clock fields from Intl, minute by minute, and knows nothing of Bun.cron.

export interface CronSets {
  minutes: readonly number[];
  hours: readonly number[];
  /** null is a literal `*` in the field. */
  days: readonly number[] | null;
  months: readonly number[];
  weekdays: readonly number[] | null;
}

interface WallMinute {
  atMs: number;
  /** The wall clock, read as if it were UTC. */
  wallMs: number;
}

/** Every minute from `fromMs` to `toMs` with what the zone's wall clock shows. */
export function wallMinutes(timeZone: string, fromMs: number, toMs: number): WallMinute[] {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const minutes: WallMinute[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += 60_000) {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = (clock.format(atMs).match(/\d+/g) ?? []).map(
      Number,
    );
    minutes.push({ atMs, wallMs: Date.UTC(year, month - 1, day, hour, minute) });
  }
  return minutes;
}

/**
 * All times of the schedule within the minutes, ascending. `asBun` leaves out what Bun 1.4.5 is known to lose: after a
 * gap of another length than an hour, the times between the gap's end and the time that was moved out of it.
 */
export function timesByWalking(sets: CronSets, minutes: readonly WallMinute[], asBun: boolean): number[] {
  const runsThroughBoth = sets.minutes.length === 60 || sets.hours.length === 24;
  const times = new Set<number>();
  let latestWallMs = Number.NEGATIVE_INFINITY;
  let lostBeforeMs = Number.NEGATIVE_INFINITY;
  let previous: WallMinute | undefined;
  for (const current of minutes) {
    const moved = previous === undefined ? null : movedOutOfGap(sets, previous, current);
    if (moved !== null) {
      times.add(moved);
      if (asBun) lostBeforeMs = moved;
    }
    const isSecondOccurrence = current.wallMs <= latestWallMs;
    const isLost = current.atMs < lostBeforeMs;
    if (matches(sets, current.wallMs) && !isLost && (!isSecondOccurrence || runsThroughBoth)) {
      times.add(current.atMs);
    }
    latestWallMs = Math.max(latestWallMs, current.wallMs);
    previous = current;
  }
  return [...times].sort((a, b) => a - b);
}

/** The instant to which the first match in the gap between two minutes moves, if there is a gap and a match in it. */
function movedOutOfGap(sets: CronSets, previous: WallMinute, current: WallMinute): number | null {
  const gapStartMs = previous.wallMs + 60_000;
  for (let wallMs = gapStartMs; wallMs < current.wallMs; wallMs += 60_000) {
    if (matches(sets, wallMs)) return current.atMs + (wallMs - gapStartMs);
  }
  return null;
}

function matches(sets: CronSets, wallMs: number): boolean {
  const wall = new Date(wallMs);
  if (!sets.minutes.includes(wall.getUTCMinutes()) || !sets.hours.includes(wall.getUTCHours())) return false;
  if (!sets.months.includes(wall.getUTCMonth() + 1)) return false;
  const isDay = sets.days?.includes(wall.getUTCDate());
  const isWeekday = sets.weekdays?.includes(wall.getUTCDay());
  if (isDay === undefined && isWeekday === undefined) return true;
  return isDay === true || isWeekday === true;
}
