// What a job does about overlaps, times that were missed, failures and limits, from its options. Pure.
import type { Hooks } from "djob";
import type { CatchUp } from "../../schedule/catch-up.ts";
import type { Overlap } from "../../schedule/overlap.ts";
import type { RetryPolicy } from "../../schedule/retry.ts";
import { RegistrationError } from "../failure.ts";
import type { PingPolicy, Policies } from "../job.ts";
import {
  checkOptions,
  choiceOption,
  countOption,
  durationOption,
  functionOption,
  type Given,
  isRecord,
  textOption,
  wrong,
} from "./values.ts";

export const hookNames = ["onSuccess", "onFailure", "onSkip", "onRecovered"] as const;

export const policyOptions = [
  "overlap",
  "maxQueued",
  "maxConcurrent",
  "catchUp",
  "maxCatchUp",
  "catchUpWindow",
  "timeout",
  "graceMs",
  "retry",
  "concurrency",
  ...hookNames,
  "ping",
  "expectEvery",
] as const;

export const defaultPolicies: Policies = {
  overlap: { type: "skip" },
  catchUp: { type: "none" },
  timeoutMs: null,
  graceMs: 5_000,
  retry: null,
  concurrency: null,
  hooks: {},
  ping: null,
  expectEveryMs: null,
};

export function policiesOf(given: Given): Policies {
  return {
    overlap: overlapOf(given),
    catchUp: catchUpOf(given),
    timeoutMs: durationOption(given, "timeout", 1) ?? null,
    graceMs: durationOption(given, "graceMs") ?? defaultPolicies.graceMs,
    retry: retryOf(given),
    concurrency: concurrencyOf(given),
    hooks: hooksOf(given),
    ping: pingOf(given),
    expectEveryMs: durationOption(given, "expectEvery", 1) ?? null,
  };
}

function overlapOf(given: Given): Overlap {
  const type = choiceOption(given, "overlap", ["skip", "queue", "allow", "replace"]) ?? "skip";
  const queued = countOption(given, "maxQueued");
  const concurrent = countOption(given, "maxConcurrent");
  if (queued !== undefined && type !== "queue") throw needs(given.job, "maxQueued", 'overlap: "queue"');
  if (concurrent !== undefined && type !== "allow")
    throw needs(given.job, "maxConcurrent", 'overlap: "allow"');
  if (type === "queue") return { type, maximum: queued ?? 10 };
  if (type === "allow") return { type, maximum: concurrent ?? 10 };
  return { type };
}

function catchUpOf(given: Given): CatchUp {
  const type = choiceOption(given, "catchUp", ["none", "last", "all"]) ?? "none";
  const maximum = countOption(given, "maxCatchUp");
  const windowMs = durationOption(given, "catchUpWindow", 1) ?? null;
  if (maximum !== undefined && type !== "all") throw needs(given.job, "maxCatchUp", 'catchUp: "all"');
  if (windowMs !== null && type === "none")
    throw needs(given.job, "catchUpWindow", 'catchUp: "last" or "all"');
  if (type === "none") return { type };
  return type === "last" ? { type, windowMs } : { type, windowMs, maximum: maximum ?? 100 };
}

const retryOptions = ["attempts", "delay", "factor", "maxDelay", "jitter", "when"];

function retryOf({ job, options }: Given): RetryPolicy | null {
  const { retry } = options;
  if (retry === undefined) return null;
  if (!isRecord(retry)) throw wrong(job, "retry", retry, "write retry: { attempts: 3 }");
  checkOptions({ job, options: retry }, "retry", retryOptions);
  const given: Given = { job: `${job} with its retry`, options: retry };
  const { factor = 2, jitter = 0.1 } = retry;
  if (typeof factor !== "number" || !(factor >= 1 && factor <= 100))
    throw wrong(given.job, "factor", factor, "write a number from 1 to 100");
  const isShare = typeof jitter === "number" && jitter >= 0 && jitter <= 1;
  if (jitter !== "full" && !isShare)
    throw wrong(given.job, "jitter", jitter, 'write a number from 0 to 1, or "full"');
  const attempts = countOption(given, "attempts");
  if (attempts === undefined)
    throw new RegistrationError(
      `cannot declare ${job}: its retry has no attempts`,
      "write retry: { attempts: 3 }",
    );
  const when = functionOption(given, "when");
  const delayMs = durationOption(given, "delay");
  const maximumDelayMs = durationOption(given, "maxDelay");
  if (delayMs !== undefined && maximumDelayMs !== undefined && delayMs > maximumDelayMs)
    throw new RegistrationError(
      `cannot declare ${job}: the delay of its retry is longer than its maxDelay`,
      "exchange them, or leave maxDelay out",
    );
  return {
    attempts,
    delayMs: delayMs ?? 1_000,
    factor,
    maximumDelayMs: maximumDelayMs ?? Math.max(60_000, delayMs ?? 0),
    jitter: jitter as number | "full",
    when: when === undefined ? null : (when as (error: unknown) => boolean),
  };
}

function concurrencyOf({ job, options }: Given): Policies["concurrency"] {
  const { concurrency } = options;
  const hint = 'write concurrency: "group", or { group: "group", max: 2 }';
  if (concurrency === undefined) return null;
  if (typeof concurrency === "string" && concurrency !== "") return { group: concurrency, maximum: 1 };
  if (!isRecord(concurrency)) throw wrong(job, "concurrency", concurrency, hint);
  checkOptions({ job, options: concurrency }, "concurrency", ["group", "max"]);
  const given: Given = { job: `${job} with its concurrency`, options: concurrency };
  const group = textOption(given, "group");
  if (group === undefined || group === "") throw wrong(job, "concurrency", concurrency, hint);
  return { group, maximum: countOption(given, "max") ?? 1 };
}

export function hooksOf(given: Given): Hooks {
  const hooks: Record<string, unknown> = {};
  for (const name of hookNames) {
    const hook = functionOption(given, name);
    if (hook !== undefined) hooks[name] = hook;
  }
  return hooks as Hooks;
}

function pingOf({ job, options: { ping } }: Given): PingPolicy | null {
  if (ping === undefined) return null;
  const options = isRecord(ping) ? ping : { url: ping };
  checkOptions({ job, options }, "ping", ["url", "timeout", "retries", "start"]);
  const given: Given = { job: `${job} with its ping`, options };
  const url = textOption(given, "url");
  if (url === undefined || !isHttpUrl(url))
    throw wrong(job, "ping", ping, 'write a URL such as "https://hc.example.com/ping/…"');
  const { start = true } = given.options;
  if (typeof start !== "boolean") throw wrong(given.job, "start", start, "write true or false");
  return {
    url: url.replace(/\/+$/, ""),
    timeoutMs: durationOption(given, "timeout", 1) ?? 10_000,
    retries: countOption(given, "retries", 0) ?? 3,
    start,
  };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

function needs(job: string, option: string, what: string): RegistrationError {
  return new RegistrationError(
    `cannot declare ${job}: ${option} means nothing without ${what}`,
    `leave ${option} out, or add ${what}`,
  );
}
