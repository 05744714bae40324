// `djob status NAME --process`, for people.
import type { DaemonStatus } from "../control/messages.ts";
import { judge, type ProcessRow } from "../daemon/process-table.ts";
import { columns, type Output } from "./output.ts";

export function processReport(row: ProcessRow, { name, foreground }: DaemonStatus, output: Output): string {
  const { ppid, pid, pgid, sid, tty, tpgid } = row;
  const table = columns([
    ["PPID", "PID", "PGID", "SID", "TTY", "TPGID", "NAME"],
    [...[ppid, pid, pgid, sid].map(String), tty, String(tpgid), name],
  ]);
  if (foreground)
    return `${table}\n\nit runs in the foreground: it was not daemonized, and belongs to what started it`;
  const judgements = judge(row).map(({ column, good, meaning }) => [
    good ? output.paint("green", "✔") : output.paint("red", "✘"),
    column,
    meaning,
  ]);
  return `${table}\n\n${columns(judgements)}`;
}
