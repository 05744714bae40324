// djob logs: the last lines of a daemon's log, and what follows.
import { DjobError, errorCode, worldError } from "../../daemon/error.ts";
import { find, statusOrGuess } from "../../daemon/locate.ts";
import { exitCode } from "../../exit-code.ts";
import { follow, lastLines } from "../../logs/follow.ts";
import { outDescriptor, writeBytes } from "../../logs/sink.ts";
import { type Command, isSet, textOf } from "../command.ts";
import { directoriesOf, nameArgument, placeFlags, placeIn } from "../flags.ts";
import { notRunning } from "../names.ts";

const usualLines = 20;

export const logs: Command = {
  meta: { name: "logs", description: "Show the end of a daemon's log" },
  args: {
    name: nameArgument,
    ...placeFlags,
    lines: {
      type: "string",
      alias: "n",
      valueHint: "N",
      description: `how many lines (default: ${usualLines})`,
    },
    follow: { type: "boolean", alias: "f", description: "and go on with what is written, until Ctrl-C" },
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    ["djob logs worker -n 100", "its last 100 lines"],
    ["djob logs worker -f", "follow it, also across a log rotation"],
  ],
  async run({ args, positionals }) {
    const count = countOf(textOf(args, "lines"));
    const directories = directoriesOf(args);
    const place = placeIn(directories, args, positionals[0] ?? "");
    const found = await find(place);
    const path = statusOrGuess(place, found).paths.log;
    if (path === null) {
      throw new DjobError(
        exitCode.failed,
        `${place.name} runs in the foreground and has no log`,
        "start it with --log",
      );
    }
    const end = new AbortController();
    const write = (bytes: Uint8Array) => {
      // The reader of a pipe is gone: as with any filter, that is the end of it.
      if (!writeBytes(outDescriptor, bytes)) end.abort();
    };
    try {
      if (!isSet(args, "follow")) write(lastLines(path, count));
      else await follow(path, count, write, untilInterrupted(end));
    } catch (error) {
      if (found.life !== "alive" && errorCode(error) === "ENOENT")
        throw notRunning(place, found, directories);
      throw worldError(`read the log ${path}`, error);
    }
    return exitCode.done;
  },
};

function untilInterrupted(end: AbortController): AbortSignal {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  return end.signal;
}

function countOf(text: string | null): number {
  if (text === null) return usualLines;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DjobError(
    exitCode.usage,
    `cannot use -n ${JSON.stringify(text)}: it is not a number of lines`,
    "write -n 100",
  );
}
