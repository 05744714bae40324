// The flags on its log that a daemon was given, from its spec.
import { defaults, type Spec } from "../daemon/spec.ts";
import type { RotationRules } from "../logs/rules.ts";
import { formatSize } from "../runtime/size.ts";
import { formatExactDuration } from "../schedule/duration.ts";
import { splitPath } from "./log-flags.ts";

type Written = ReadonlyArray<readonly [flag: string, value: string]>;

export function writtenLog({ log, paths }: Spec): Written {
  const { target, form, level, perJob, linesPerSecond, rotation } = log;
  const word =
    target.type === "syslog" ? `syslog:${target.facility}` : target.type === "stdout" ? "-" : target.type;
  const isWord = target.type !== "file" && target.type !== "stdout";
  return [
    ...flag("log", isWord ? word : null),
    ...flag("log-split", paths.log !== null && paths.logErr === splitPath(paths.log) ? "" : null),
    ...flag("log-per-job", perJob ? "" : null),
    ...flag("log-format", form === defaults.logForm ? null : form),
    ...flag("log-level", level === defaults.logLevel ? null : level),
    ...flag("log-rate", linesPerSecond === null ? null : String(linesPerSecond)),
    ...(rotation === null ? [] : writtenRotation(rotation)),
  ];
}

function writtenRotation({
  maximumBytes,
  maximumAgeMs,
  keep,
  compression,
  totalBytes,
}: RotationRules): Written {
  const usual = defaults.rotation;
  const size = maximumBytes === null ? "none" : formatSize(maximumBytes);
  return [
    ...flag("log-max-size", maximumBytes === usual.maximumBytes ? null : size),
    ...flag("log-max-age", maximumAgeMs === null ? null : formatExactDuration(maximumAgeMs)),
    ...flag("log-keep", keep === usual.keep ? null : String(keep)),
    ...flag("log-compress", compression === usual.compression ? null : compression),
    ...flag("log-total", totalBytes === null ? null : formatSize(totalBytes)),
  ];
}

function flag(name: string, value: string | null): Written {
  return value === null ? [] : [[name, value]];
}
