// Numbers in a job's options that may have been meant otherwise: milliseconds, where other tools take seconds. Pure.
import { isRecord } from "./values.ts";

/** Options that are hardly ever as short as that, and below how many milliseconds. */
const doubtfulMs: Readonly<Record<string, number>> = {
  every: 100,
  timeout: 1_000,
  catchUpWindow: 1_000,
  expectEvery: 1_000,
  maxCpu: 1_000,
  "ping.timeout": 1_000,
};

/** Whole sentences about the options that job() was given, which are valid. */
export function doubtfulNumbers(name: unknown, options: unknown): string[] {
  if (!isRecord(options)) return [];
  const ofPing = isRecord(options["ping"]) ? { "ping.timeout": options["ping"]["timeout"] } : {};
  const given: Readonly<Record<string, unknown>> = { ...options, ...ofPing };
  return Object.entries(doubtfulMs).flatMap(([option, limitMs]) => {
    const value = given[option];
    if (typeof value !== "number" || value >= limitMs) return [];
    return [
      `the job "${String(name)}" has ${option}: ${value}, which is milliseconds: for seconds write "${value}s"`,
    ];
  });
}
