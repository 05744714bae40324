// `djob status NAME --process`, for people.
import type { DaemonStatus } from "../control/messages.ts";
import { type Judgement, judge, judgeWorker, type ProcessRow } from "../daemon/finding/process-table.ts";
import { columns, type Output } from "./output.ts";

/** @param worker null: it has none at this moment, or is one itself */
export function processReport(
  row: ProcessRow,
  worker: ProcessRow | null,
  { name, foreground }: DaemonStatus,
  output: Output,
): string {
  const rows = worker === null ? [row] : [row, worker];
  const table = columns([
    ["PPID", "PID", "PGID", "SID", "TTY", "TPGID", "NAME"],
    ...rows.map(({ ppid, pid, pgid, sid, tty, tpgid }) => [
      ...[ppid, pid, pgid, sid].map(String),
      tty,
      String(tpgid),
      row.pid === pid ? name : `${name} (its worker)`,
    ]),
  ]);
  if (foreground)
    return `${table}\n\nit runs in the foreground: it was not daemonized, and belongs to what started it`;
  const own = judgementTable(judge(row), output);
  if (worker === null) return `${table}\n\n${own}`;
  const workers = judgementTable(judgeWorker(worker, row), output);
  return `${table}\n\n${own}\n\nits worker, pid ${worker.pid}:\n${workers}`;
}

function judgementTable(judgements: readonly Judgement[], output: Output): string {
  return columns(
    judgements.map(({ column, good, meaning }) => [
      good ? output.paint("green", "✔") : output.paint("red", "✘"),
      column,
      meaning,
    ]),
  );
}
