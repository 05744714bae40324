// When a schedule's times are, from its text alone and by brute force: every second or minute of a period is tried. It shares no
// code with djob. Zones have a fixed offset in the soak's period, which lies in a northern winter.

/** What the soak writes as schedules: "every 10s", "every 1m offset 5s", "at 2027-…Z", 5 and 6 fields of *, a, a-b, *∕n, a,b. */
export interface ScheduleText {
  readonly text: string;
  /** IANA name; null: UTC. */
  readonly zone: string | null;
}

export const zoneOffsetsMs: Readonly<Record<string, number>> = {
  "Europe/Berlin": 3_600_000,
  "America/New_York": -5 * 3_600_000,
  "Asia/Kolkata": 5.5 * 3_600_000,
};

/** All times after one instant and through another. */
export function timesOf({ text, zone }: ScheduleText, afterMs: number, throughMs: number): number[] {
  const every = /^every (\w+)(?: offset (\w+))?$/.exec(text);
  if (every !== null) return multiples(lengthOf(every[1]), lengthOf(every[2]), afterMs, throughMs);
  if (text.startsWith("at "))
    return [Date.parse(text.slice(3))].filter((at) => at > afterMs && at <= throughMs);
  if (text.startsWith("@") || text === "always") return [];
  return matching(text, zone === null ? 0 : (zoneOffsetsMs[zone] ?? Number.NaN), afterMs, throughMs);
}

function multiples(intervalMs: number, offsetMs: number, afterMs: number, throughMs: number): number[] {
  const times: number[] = [];
  const firstMs = (Math.floor(afterMs / intervalMs) - 1) * intervalMs + offsetMs;
  for (let at = firstMs; at <= throughMs; at += intervalMs) if (at > afterMs) times.push(at);
  return times;
}

function lengthOf(text: string | undefined): number {
  const [, count, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(text ?? "0s") ?? [];
  return Number(count) * ({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN);
}

function matching(text: string, offsetMs: number, afterMs: number, throughMs: number): number[] {
  const words = text.split(" ");
  const [second = "0", minute = "", hour = "", day = "", month = "", weekday = ""] =
    words.length === 5 ? ["0", ...words] : words;
  const [seconds, minutes, hours] = [valuesOf(second, 60), valuesOf(minute, 60), valuesOf(hour, 24)];
  if (day !== "*" || month !== "*" || weekday !== "*") throw new Error(`the soak knows no days: ${text}`);
  const times: number[] = [];
  const stepMs = 60_000;
  for (let at = Math.floor(afterMs / stepMs) * stepMs; at <= throughMs; at += stepMs) {
    const wall = new Date(at + offsetMs);
    if (!minutes.has(wall.getUTCMinutes()) || !hours.has(wall.getUTCHours())) continue;
    for (const value of seconds) times.push(at + value * 1_000);
  }
  return times.filter((at) => at > afterMs && at <= throughMs);
}

function valuesOf(text: string, size: number): Set<number> {
  const values = new Set<number>();
  for (const entry of text.split(",")) {
    const [range = "", step = "1"] = entry.split("/");
    const [from = "0", to = from] = range === "*" ? ["0", String(size - 1)] : range.split("-");
    for (let value = Number(from); value <= Number(to); value += Number(step)) values.add(value);
  }
  return values;
}
