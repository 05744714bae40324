// A crontab's line that has something run: its time, the user in a system crontab, and the command. Pure.
import { diagnoseCron, isNickname } from "../../../schedule/cron-diagnosis.ts";
import { type CommandText, splitCommand } from "./command-text.ts";
import { type Fault, readFields, type Word } from "./fields.ts";

export interface EntryLine extends CommandText {
  /** As parseSchedule reads it. */
  readonly schedule: string;
  /** How many fields its time has; 1: a nickname. */
  readonly fields: number;
  /** null: it has no such column. */
  readonly user: Word | null;
  /** As it is written. */
  readonly text: string;
}

/** @param line with its beginning, without its end @param start where its first word begins */
export function parseEntryLine(line: string, start: number, hasUser: boolean): EntryLine | Fault {
  // cronie's mark for what is not to be logged; djob logs no start of a command anyway.
  const from = line.charAt(start) === "-" ? start + 1 : start;
  const words = wordsOf(line, from);
  const [first = { text: "", at: from }] = words;
  const rest = hasUser ? 2 : 1;
  const time = first.text.startsWith("@") ? readNickname(words, rest) : readTime(line, words, rest);
  if (time.fault !== null) return time.fault;
  const user = hasUser ? (words[time.count] ?? null) : null;
  const commandAt = words[time.count + rest - 1]?.at ?? line.length;
  const option = /^(?:-n[ \t]+)?/.exec(line.slice(commandAt))?.[0].length ?? 0;
  const text = line.slice(commandAt + option);
  const wrong = faultOfCommand(text, commandAt + option);
  if (wrong !== null) return wrong;
  const { command, stdin } = splitCommand(text);
  if (command.trim() === "")
    return { at: commandAt, reason: "there is no command before the %", hint: percentHint };
  return { schedule: time.expression, fields: time.count, user, text, command, stdin };
}

function faultOfCommand(text: string, at: number): Fault | null {
  const [first = ""] = text.split(/[ \t]/, 1);
  // cronie catches both, too.
  if (first === "*") return { at, reason: "the command is a star", hint: "is there a field too many?" };
  if (!first.startsWith("-")) return null;
  return {
    at,
    reason: `the command '${first}' begins with a dash`,
    hint: "cronie's only option before a command is -n",
  };
}

const percentHint = "what follows the first % is what the command reads; a percent sign is written \\%";

type Time =
  | { readonly expression: string; readonly count: number; readonly fault: null }
  | { readonly fault: Fault };

function readNickname(words: readonly Word[], rest: number): Time {
  const [{ text, at } = { text: "", at: 0 }] = words;
  const nickname = text.toLowerCase();
  if (!isNickname(nickname)) {
    const every =
      "write the fields: */10 * * * * for every ten minutes, */10 * * * * * * for every ten seconds";
    const { reason, hint = null } = diagnoseCron(text) ?? { reason: `there is no nickname ${text}` };
    return { fault: { at, reason, hint: nickname === "@every" ? every : hint } };
  }
  if (words.length > rest) return { expression: nickname, count: 1, fault: null };
  const missing = rest === 1 ? "a command" : "a user and a command";
  return { fault: { at: at + text.length, reason: `${text} needs ${missing}`, hint: null } };
}

function readTime(line: string, words: readonly Word[], rest: number): Time {
  if (words.length >= 5) return readFields(words, rest);
  const reason = `the line is neither a variable (NAME=value) nor a time and a command: it has ${words.length === 1 ? "one word" : `${words.length} words`}`;
  const isExport = words[0]?.text === "export" && words[1]?.text.includes("=") === true;
  const hint = isExport
    ? "leave out export: a line's variable is NAME=value"
    : "write minute, hour, day of month, month, day of week and a command; a comment begins with #";
  return { fault: { at: words[0]?.at ?? line.length, reason, hint } };
}

function wordsOf(line: string, from: number): Word[] {
  return [...line.slice(from).matchAll(/[^ \t]+/g)].map((match) => ({
    text: match[0],
    at: from + match.index,
  }));
}
