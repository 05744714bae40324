// What in a crontab means something else here than it may be thought to. Pure. Whole sentences, the same for each line that
// has the same trouble, so that a file tells it once.
import type { EntryLine } from "./entry-line.ts";
import type { VariableLine } from "./variable-line.ts";

export const warningsOf = {
  variable({ name, value, isQuoteOpen }: VariableLine, hasUser: boolean): string[] {
    const quote = isQuoteOpen
      ? [`the value of ${name} begins with a quote that is not closed at its end: it is taken as it is`]
      : [];
    if (["PATH", "HOME", "SHELL"].includes(name) && /[$~]/.test(value)) return [...quote, notExpanded(name)];
    if ((name === "MAILTO" || name === "MAILFROM") && value !== "") return [...quote, noMail];
    const isNobody = !hasUser && (name === "USER" || name === "LOGNAME");
    return isNobody ? [...quote, `${name} is only a variable: the commands run as the daemon's user`] : quote;
  },

  entry({ schedule, fields, text }: EntryLine): string[] {
    const words = schedule.split(" ");
    return [
      // A year that is written out can't have been meant as anything else.
      ...(fields === 6 && words.length === 5 ? [sixFields] : []),
      ...(hasSteppedDays(words) ? [steppedDays] : []),
      ...(/(?:^|[^\\])\+(?:[^%\s]*[^\\%\s])?%[A-Za-z]/.test(text) ? [datePercent] : []),
    ];
  },

  /** @param command of a file that has no user column */
  place(path: string, command: string): string[] {
    const isSystems = /^\/etc\/(crontab$|cron\.d\/)/.test(path);
    return isSystems && /^root[ \t]/.test(command)
      ? [
          'its commands begin with "root": if that is the user column of a system crontab, give --system-crontab',
        ]
      : [];
  },
} as const;

const notExpanded = (name: string) =>
  `nothing is expanded in a crontab's variables, as with cron: ${name} is taken as it is written`;
const noMail =
  "djob sends no mail, so MAILTO and MAILFROM mean nothing: put a module with hooks({ onFailure }) beside the crontab, or a ping (curl) into the command";
const sixFields =
  "of six fields the last is a year, as supercronic reads them: for seconds write seven, such as */10 * * * * * *";
const steppedDays =
  "both day fields are restricted, one by a stepped star: a day that matches either of them counts, as in supercronic; cronie takes the stepped star for a star and wants both to match";
const datePercent =
  "the % of a date format ends the command and begins what it reads, as in crontab(5): for a percent sign write \\%";

/** @param words of a schedule; the days are the third and fifth of five, or one later */
function hasSteppedDays(words: readonly string[]): boolean {
  if (words.length < 5) return false;
  const first = words.length > 5 ? 1 : 0;
  const [day = "*", weekday = "*"] = [words[first + 2], words[first + 4]];
  return day !== "*" && weekday !== "*" && [day, weekday].some((text) => text.startsWith("*/"));
}
