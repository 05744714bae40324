// Declares a job for each line of a crontab. The command goes to `SHELL -c`, as with cron. With a user column it has the HOME,
// LOGNAME, USER and SHELL of that user and runs in its HOME; without one it has the daemon's environment and directory, as with
// supercronic.
import { existsSync } from "node:fs";
import { ScheduleError } from "../../../schedule/schedule-error.ts";
import { AccountError, type CommandUser } from "../../command/account.ts";
import { RegistrationError } from "../../failure.ts";
import type { Registry } from "../../registry.ts";
import { nameOf } from "./names.ts";
import type { CrontabEntry, Problem } from "./parse.ts";
import type { CrontabSource } from "./source.ts";

/** The part of a registry that is needed here. */
export type CrontabRegistry = Pick<Registry, "add" | "has" | "findUser">;

export interface Declared {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Whatever is wrong with one line, the others are looked at, too. */
export function declareCrontab({ path, entries }: CrontabSource, registry: CrontabRegistry): Declared {
  const problems: Problem[] = [];
  const warnings = new Set<string>();
  for (const entry of entries) {
    const refuse = (column: number, message: string, hint: string | null) =>
      void problems.push({ line: entry.line, column, source: entry.source, message, hint });
    try {
      const user = entry.user === null ? null : registry.findUser(entry.user.name);
      const home = user === null ? null : homeOf(entry, user);
      if (home?.isMissing === true)
        warnings.add(
          `${path}:${entry.line}: the home ${user?.home} of ${entry.user?.name} is not there: its commands run in /`,
        );
      registry.add(
        nameOf(entry, (name) => registry.has(name)),
        optionsOf(entry, home?.path ?? null),
      );
    } catch (error) {
      if (error instanceof AccountError)
        refuse(entry.user?.column ?? entry.column, error.message, error.hint);
      else if (error instanceof ScheduleError || error instanceof RegistrationError)
        refuse(entry.column, error.message, error.hint ?? null);
      else throw error;
    }
  }
  return { problems, warnings: [...warnings] };
}

/** What job() would be given for a line. Pure. @param directory the home of its user; null: it has no such column */
function optionsOf(
  { schedule, command, stdin, user, variables }: CrontabEntry,
  directory: string | null,
): Readonly<Record<string, unknown>> {
  const { SHELL: shell = "/bin/sh", CRON_TZ: zone = "", RANDOM_DELAY: delay = "0", HOME: home } = variables;
  const { LOGNAME: _, USER: __, ...others } = variables;
  // Who the user is, cron tells, whatever the file says.
  const env = { ...(user === null ? variables : others), SHELL: shell };
  const cwd = home ?? directory;
  return {
    cron: schedule,
    command: [shell, "-c", command],
    env,
    ...(zone === "" ? {} : { tz: zone }),
    ...(Number(delay) === 0 ? {} : { jitter: Number(delay) * 60_000 }),
    ...(stdin === null ? {} : { stdin }),
    ...(user === null ? {} : { user: user.name }),
    ...(cwd === null ? {} : { cwd }),
  };
}

/** An account such as nobody may have a home that is not there, and runs commands all the same. */
function homeOf({ variables }: CrontabEntry, { home }: CommandUser): { path: string; isMissing: boolean } {
  const isMissing = variables["HOME"] === undefined && !existsSync(home);
  return { path: isMissing ? "/" : home, isMissing };
}
