// Flags on when a worker that runs has to make room for another one: it does not answer, or it is too large.
import type { ParsedArgs } from "citty";
import { DjobError } from "../daemon/error.ts";
import type { Spec } from "../daemon/spec.ts";
import { exitCode } from "../exit-code.ts";
import { parseSize } from "../runtime/size.ts";
import { formatDuration } from "../schedule/duration.ts";
import type { RepeatableArg } from "./command.ts";
import { textOf } from "./command.ts";
import { durationOf } from "./flags.ts";

export const watchFlags: Readonly<Record<string, RepeatableArg>> = {
  watchdog: {
    type: "string",
    valueHint: "TIME",
    description: "kill and restart a worker whose event loop does not answer for that long",
  },
  "max-memory": {
    type: "string",
    valueHint: "SIZE",
    description: "put a new worker in the place of one that uses more, such as 512M (Linux)",
  },
};

/** Below it, what a busy machine does looks like a worker that hangs. */
const shortestWatchdogMs = 1_000;
/** A worker that does nothing has about half of it. */
const smallestMemoryBytes = 64 * 2 ** 20;

/** @throws {DjobError} with exit code 2 */
export function watchOf(args: ParsedArgs): Pick<Spec, "watchdogMs" | "maximumMemoryBytes"> {
  const watchdogMs = durationOf(args, "watchdog");
  if (watchdogMs !== null && watchdogMs < shortestWatchdogMs) {
    const [given, shortest] = [watchdogMs, shortestWatchdogMs].map(formatDuration);
    throw misuse(`--watchdog ${given} is shorter than ${shortest}`, "write --watchdog 30s");
  }
  return { watchdogMs, maximumMemoryBytes: memoryOf(textOf(args, "max-memory")) };
}

function memoryOf(text: string | null): number | null {
  if (text === null) return null;
  const bytes = parseSize(text);
  if (bytes === null) {
    const form = "bytes, with K, M, G or T if you like";
    throw misuse(
      `--max-memory ${JSON.stringify(text)} is not a number of ${form}`,
      "write --max-memory 512M",
    );
  }
  if (bytes < smallestMemoryBytes)
    throw misuse(`--max-memory ${text} is less than a worker needs: 64M`, "write --max-memory 512M");
  if (process.platform !== "linux") throw misuse("--max-memory needs Linux", "leave it out");
  return bytes;
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
