// Flags on a daemon's life: when its worker is started again, and how it is ended.
import type { ParsedArgs } from "citty";
import { DjobError } from "../daemon/error.ts";
import { defaults, type KillMode, killModes, type RestartRules, type Spec } from "../daemon/spec.ts";
import { parseSchedule, parseSignal, scheduleMs, usualSchedule } from "../daemon/stopping/stop-schedule.ts";
import { type RestartPolicy, restartPolicies } from "../daemon/supervise/state.ts";
import { exitCode } from "../exit-code.ts";
import { parseDuration } from "../schedule/duration.ts";
import type { RepeatableArg } from "./command.ts";
import { textOf } from "./command.ts";
import { durationOf, oneOf } from "./flags.ts";

export const retryFlag: RepeatableArg = {
  type: "string",
  valueHint: "SCHEDULE",
  description: "end it step by step, such as TERM/30/KILL/5",
};

export const lifeFlags: Readonly<Record<string, RepeatableArg>> = {
  restart: {
    type: "string",
    valueHint: "POLICY",
    description: "start its worker again: never, on-failure (default) or always; in the foreground: never",
  },
  "restart-delay": {
    type: "string",
    valueHint: "TIME",
    description: "the first back-off; doubled each time, up to 1m, with jitter (default: 1s)",
  },
  "restart-max": {
    type: "string",
    valueHint: "N/TIME",
    description: "give up after more restarts than that (default: 10/10m)",
  },
  "kill-mode": {
    type: "string",
    valueHint: "MODE",
    description:
      "what ends with a worker: all that it started (default), its process group, or the worker alone",
  },
  "stop-signal": { type: "string", valueHint: "SIGNAL", description: "what asks it to end (default: TERM)" },
  retry: retryFlag,
};

type Life = Pick<Spec, "restart" | "killMode" | "stopSchedule" | "stopTimeoutMs">;

/** @throws {DjobError} with exit code 2 */
export function lifeOf(args: ParsedArgs, foreground: boolean): Life {
  return {
    restart: restartOf(args, foreground),
    killMode: oneOf<KillMode>(args, "kill-mode", killModes) ?? defaults.killMode,
    ...stopOf(args),
  };
}

/** What modules and commands do not share. @throws {DjobError} with exit code 2 */
export function checkLife({ command, paths, watchdogMs }: Spec): void {
  if (command !== null && watchdogMs !== null)
    throw misuse(
      "--watchdog is for modules: a command has no event loop that djob could ask",
      "leave it out",
    );
  if (command?.ready.type === "line" && paths.log === null)
    throw misuse("--ready-line needs a log to read", "add --log FILE");
}

function restartOf(args: ParsedArgs, foreground: boolean): RestartRules {
  const usual = foreground ? "never" : defaults.restartPolicy;
  return {
    policy: oneOf<RestartPolicy>(args, "restart", restartPolicies) ?? usual,
    delayMs: durationOf(args, "restart-delay") ?? defaults.restartDelayMs,
    maximum: maximumOf(textOf(args, "restart-max")),
  };
}

function stopOf(args: ParsedArgs): Pick<Spec, "stopSchedule" | "stopTimeoutMs"> {
  const retry = textOf(args, "retry");
  const signal = textOf(args, "stop-signal");
  const timeoutMs = durationOf(args, "stop-timeout");
  if (retry === null) {
    const stopTimeoutMs = timeoutMs ?? defaults.stopTimeoutMs;
    const stopSignal = signal === null ? defaults.stopSignal : parseSignal(signal);
    return { stopTimeoutMs, stopSchedule: usualSchedule(stopSignal, stopTimeoutMs) };
  }
  for (const [flag, value] of [
    ["stop-signal", signal],
    ["stop-timeout", timeoutMs],
  ] as const) {
    if (value !== null) throw misuse(`--retry and --${flag} say the same twice`, "leave one of them out");
  }
  const stopSchedule = parseSchedule(retry);
  return { stopSchedule, stopTimeoutMs: scheduleMs(stopSchedule.slice(0, 1)) ?? defaults.stopTimeoutMs };
}

function maximumOf(text: string | null): RestartRules["maximum"] {
  if (text === null) return defaults.restartMaximum;
  const match = /^(\d{1,6})\/(.+)$/.exec(text);
  try {
    if (match !== null) return { count: Number(match[1]), withinMs: parseDuration(match[2] ?? "") };
  } catch {
    // Told below.
  }
  throw misuse(`--restart-max ${JSON.stringify(text)} is not N/TIME`, "write --restart-max 10/10m");
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
