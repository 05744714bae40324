// The jobs of a soak: every kind of schedule with every policy, chosen by chance that a seed determines. A new kind of work is a
// line in `works`.
import type { ScheduleText } from "./times.ts";
import { zoneOffsetsMs } from "./times.ts";

export type Random = () => number;

/** What a run does: how long it takes, how it ends. Chosen anew for each attempt, by its id. */
export type Manner = "quick" | "waits" | "throws" | "hangs" | "mixed";

export interface SoakJob {
  readonly name: string;
  readonly schedules: readonly ScheduleText[];
  readonly jitterMs: number;
  /** Of job(), all that is JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly work: string;
  readonly manner: Manner;
  readonly hasHooks: boolean;
  readonly keepsState: boolean;
}

/** Kinds of work, with how many of a thousand jobs have it. */
const works: ReadonlyArray<readonly [work: string, weight: number]> = [
  ["inline", 975],
  ["command", 15],
  ["thread", 6],
  ["process", 4],
];

/** Mulberry32: numbers from 0 (inclusive) to 1 (exclusive) that a seed determines. */
export function generator(start: number): Random {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param startMs when the daemon will start, by its own clock */
export function makeJobs(count: number, random: Random, startMs: number): SoakJob[] {
  const fixed: SoakJob[] = [
    plain("tick", [{ text: "every 1s", zone: null }]),
    plain("boot", [{ text: "@reboot", zone: null }]),
    ...Array.from({ length: 5 }, (_, at) => plain(`always ${at}`, [{ text: "always", zone: null }])),
  ];
  const others = Array.from({ length: count - fixed.length }, (_, at) =>
    makeJob(`job ${at}`, random, startMs),
  );
  return [...fixed, ...others];
}

function plain(name: string, schedules: readonly ScheduleText[]): SoakJob {
  const manner = name.startsWith("always") ? "mixed" : "quick";
  const options = optionsOf(schedules);
  return {
    name,
    schedules,
    jitterMs: 0,
    options,
    work: "inline",
    manner,
    hasHooks: false,
    keepsState: false,
  };
}

function makeJob(name: string, random: Random, startMs: number): SoakJob {
  const work = weighted(random, works);
  const isInline = work === "inline";
  const schedules = isInline
    ? makeSchedules(random, startMs)
    : [{ text: `every ${30 + below(random, 60)}s`, zone: null }];
  const jitterMs = random() < 0.1 ? 1 + below(random, 3_000) : 0;
  const manner = weighted<Manner>(random, [
    ["quick", 55],
    ["waits", 20],
    ["throws", 8],
    ["hangs", 2],
    ["mixed", 15],
  ]);
  const keepsState = isInline && random() < 0.1;
  const overlap = keepsState ? { overlap: "skip" } : overlapOf(random);
  const options = {
    ...optionsOf(schedules),
    ...(work === "thread" ? { isolate: true } : work === "process" ? { isolate: work } : {}),
    ...(jitterMs > 0 ? { jitter: jitterMs } : {}),
    ...overlap,
    ...catchUpOf(random),
    ...(manner === "hangs" || random() < 0.1 ? { timeout: 100 + below(random, 2_000), graceMs: 1_000 } : {}),
    ...(random() < 0.25
      ? { retry: { attempts: 2 + below(random, 2), delay: below(random, 1_500), jitter: 0.5 } }
      : {}),
    ...(random() < 0.05 ? { concurrency: { group: `group ${below(random, 5)}`, max: 2 } } : {}),
  };
  return {
    name,
    schedules,
    jitterMs,
    options,
    work,
    manner,
    hasHooks: isInline && random() < 0.1,
    keepsState,
  };
}

function makeSchedules(random: Random, startMs: number): ScheduleText[] {
  const kind = weighted(random, [
    ["five", 40],
    ["six", 15],
    ["every", 40],
    ["at", 5],
  ] as const);
  const zones = [null, null, ...Object.keys(zoneOffsetsMs)];
  const zone = kind === "five" || kind === "six" ? (zones[below(random, zones.length)] ?? null) : null;
  const count = kind !== "every" && random() < 0.05 ? 2 : 1;
  return Array.from({ length: count }, () => ({ text: textOf(kind, random, startMs), zone }));
}

function textOf(kind: "five" | "six" | "every" | "at", random: Random, startMs: number): string {
  const minute = [
    () => "*",
    () => `*/${2 + below(random, 9)}`,
    () => String(below(random, 60)),
    () => `${below(random, 30)}-${30 + below(random, 30)}/${1 + below(random, 5)}`,
    () => `${below(random, 20)},${20 + below(random, 40)}`,
  ];
  const fields = `${(minute[below(random, minute.length)] ?? (() => "*"))()} ${random() < 0.8 ? "*" : "*/2"} * * *`;
  switch (kind) {
    case "five":
      return fields;
    case "six":
      return `${below(random, 60)}${random() < 0.3 ? `,${below(random, 60)}` : ""} ${fields}`;
    case "every": {
      const seconds = 5 + Math.floor(random() ** 2 * 595);
      return `every ${seconds}s${random() < 0.3 ? ` offset ${1 + below(random, seconds - 1)}s` : ""}`;
    }
    case "at":
      return `at ${new Date(startMs + 5_000 + below(random, 3 * 3_600_000)).toISOString()}`;
  }
}

/** In the long form, where several schedules of a kind are a list. */
function optionsOf(schedules: readonly ScheduleText[]): Record<string, unknown> {
  const texts = schedules.map(({ text }) => text);
  const [first = ""] = texts;
  if (first === "always") return { always: true };
  if (first.startsWith("at ")) return { at: texts.map((text) => text.slice(3)) };
  const zone = schedules[0]?.zone ?? null;
  const [, every, offset] = /^every (\w+)(?: offset (\w+))?$/.exec(first) ?? [];
  if (every !== undefined) return { every, ...(offset === undefined ? {} : { offset }) };
  return { cron: texts, ...(zone === null ? {} : { tz: zone }) };
}

function overlapOf(random: Random): Record<string, unknown> {
  const overlap = weighted(random, [
    ["skip", 40],
    ["queue", 25],
    ["allow", 20],
    ["replace", 15],
  ] as const);
  if (overlap === "queue") return { overlap, maxQueued: 1 + below(random, 200) };
  return overlap === "allow" ? { overlap, maxConcurrent: 1 + below(random, 20) } : { overlap };
}

function catchUpOf(random: Random): Record<string, unknown> {
  const catchUp = weighted(random, [
    ["none", 40],
    ["last", 30],
    ["all", 30],
  ] as const);
  if (catchUp === "none") return { catchUp };
  const catchUpWindow = random() < 0.5 ? { catchUpWindow: (1 + below(random, 90)) * 60_000 } : {};
  return catchUp === "last"
    ? { catchUp, ...catchUpWindow }
    : { catchUp, ...catchUpWindow, maxCatchUp: 1 + below(random, 150) };
}

export function below(random: Random, size: number): number {
  return Math.floor(random() * size);
}

function weighted<T>(random: Random, choices: ReadonlyArray<readonly [T, number]>): T {
  let at = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    at -= weight;
    if (at < 0) return choice;
  }
  throw new Error("there is nothing to choose from");
}
