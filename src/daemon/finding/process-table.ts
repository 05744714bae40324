// One row of the process table, as `ps axj` shows it, read from /proc, and whether it is that of a proper daemon.
import { readFileSync } from "node:fs";
import { worldError } from "../error.ts";

export interface ProcessRow {
  readonly ppid: number;
  readonly pid: number;
  readonly pgid: number;
  readonly sid: number;
  /** "?" for none, as ps prints it; otherwise major:minor. */
  readonly tty: string;
  readonly tpgid: number;
}

/** @throws {DjobError} if the process is gone, or this system has no /proc */
export function readProcess(pid: number): ProcessRow {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    throw worldError(
      `read the process table's row of pid ${pid}`,
      error,
      "this needs /proc, as Linux has it",
    );
  }
}

/** How long the lock of a dead daemon may still be held: its workers follow it, or its launcher cleans up. */
export const dyingMs = 500;

/** PF_EXITING of the kernel's sched.h, in the flags of proc_pid_stat(5): from before a process lets go of its files. */
const exitingFlag = 0x4;

/** Whether a process is gone, or dead and only not reaped yet, or past its last instruction. */
export function hasEnded(pid: number): boolean {
  try {
    return isEnding(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

/** Pure. */
export function isEnding(text: string): boolean {
  const [state = "", , , , , , flags = 0] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return /^[ZX]/.test(state) || (Number(flags) & exitingFlag) !== 0;
}

/** Pure: proc_pid_stat(5). The command's name is in parentheses, and may hold any character but NUL. */
export function parseStat(text: string): ProcessRow {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [, ppid = 0, pgid = 0, sid = 0, device = 0, tpgid = 0] = fields.map(Number);
  return { ppid, pid, pgid, sid, tty: device === 0 ? "?" : terminalName(device), tpgid };
}

export interface Judgement {
  readonly column: string;
  readonly good: boolean;
  readonly meaning: string;
}

/** Pure: each column against the daemonization sequence. */
export function judge(row: ProcessRow): Judgement[] {
  const { ppid, pgid, sid, pid } = row;
  return [
    {
      column: "PPID",
      good: ppid !== sid && ppid !== pgid,
      meaning: ppid === 1 ? "init has adopted it" : `process ${ppid}, the nearest subreaper, has adopted it`,
    },
    leadership(row),
    {
      column: "PGID",
      good: pgid === sid,
      meaning: pgid === sid ? "its group is its session's first" : "its group was made after its session",
    },
    {
      column: "SID",
      good: sid === pgid && sid !== pid,
      meaning: "a session of its own: the login's end does not reach it",
    },
    ...terminals(row),
  ];
}

/** Pure: a worker's columns against those of its supervisor, from which it has its session. */
export function judgeWorker(row: ProcessRow, supervisor: ProcessRow): Judgement[] {
  const { ppid, pid, pgid, sid } = row;
  return [
    {
      column: "PPID",
      good: ppid === supervisor.pid,
      meaning:
        ppid === supervisor.pid ? "its supervisor has started it" : `process ${ppid} is not its supervisor`,
    },
    leadership(row),
    {
      column: "PGID",
      good: pgid === pid,
      meaning: pgid === pid ? "a group of its own, with what it starts" : "it has no group of its own",
    },
    {
      column: "SID",
      good: sid === supervisor.sid,
      meaning: sid === supervisor.sid ? "its supervisor's session" : "another session than its supervisor's",
    },
    ...terminals(row),
  ];
}

function leadership({ pid, sid }: ProcessRow): Judgement {
  return {
    column: "PID",
    good: pid !== sid,
    meaning:
      pid === sid
        ? "it leads its session, so it could get a controlling terminal"
        : "it is no session leader, so it can never get a controlling terminal",
  };
}

function terminals({ tty, tpgid }: ProcessRow): Judgement[] {
  return [
    {
      column: "TTY",
      good: tty === "?",
      meaning: tty === "?" ? "no controlling terminal" : "it has a terminal",
    },
    {
      column: "TPGID",
      good: tpgid === -1,
      meaning: tpgid === -1 ? "no terminal's foreground group" : "a terminal can send it signals",
    },
  ];
}

/** The number of a device as makedev(3) packs it. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${(major - 136) * 256 + minor}` : `${major}:${minor}`;
}
