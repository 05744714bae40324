// Names for the jobs of a crontab, which has none: the run history is kept by name, so an edit of other lines must not change
// one. Pure.
import { hashOf } from "../../../schedule/hash.ts";
import type { CrontabEntry } from "./parse.ts";

const longestName = 128;
const shownLength = 60;

/**
 * The command, its spaces made single; a long one is cut and has a hash of its whole. Only the second and later lines of the
 * same command have their time, then their user, then a number added.
 * @param isTaken whether another job of the daemon has a name already
 */
export function nameOf(
  { command, schedule, user }: Pick<CrontabEntry, "command" | "schedule" | "user">,
  isTaken: (name: string) => boolean,
): string {
  const plain = plainName(command);
  const candidates = [
    plain,
    qualified(plain, `(${schedule})`),
    ...(user === null ? [] : [qualified(plain, `(${schedule}, ${user.name})`)]),
  ];
  const free = candidates.find((name) => !isTaken(name));
  if (free !== undefined) return free;
  const last = candidates.at(-1) ?? plain;
  for (let number = 2; ; number += 1) {
    const name = qualified(last, `#${number}`);
    if (!isTaken(name)) return name;
  }
}

function plainName(command: string): string {
  // The log has a name in square brackets.
  const text = command
    .replaceAll("[", "(")
    .replaceAll("]", ")")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  if (text.length <= shownLength) return text;
  const hash = hashOf(text).toString(16).padStart(8, "0");
  // A character of two units is not split.
  return `${text
    .slice(0, shownLength)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trim()}… ${hash}`;
}

/** A long list of times becomes its hash. */
function qualified(name: string, qualifier: string): string {
  const whole = `${name} ${qualifier}`;
  return whole.length <= longestName ? whole : `${name} (${hashOf(qualifier).toString(16).padStart(8, "0")})`;
}
