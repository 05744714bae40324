// More of /proc than the harness reads: a process' session and terminal, its open descriptors, its signals.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";

export interface ProcessStat {
  readonly pid: number;
  /** As the process table has it: Z is a zombie. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** A device number; 0 for none. */
  readonly terminal: number;
  /** The terminal's foreground group; -1 without a terminal. */
  readonly foregroundGroup: number;
}

/** proc_pid_stat(5). @throws if there is no such process */
export function processStat(pid: number): ProcessStat {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [state = "", ...numbers] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent = -1, group = -1, session = -1, terminal = -1, foregroundGroup = -2] = numbers.map(Number);
  return { pid, state, parent, group, session, terminal, foregroundGroup };
}

/** The rows of all processes that are there. */
export function processTable(): ProcessStat[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) ? [processStat(Number(entry))] : [];
    } catch {
      return [];
    }
  });
}

/** The pids of the processes that a process is the parent of. */
export function childrenOf(pid: number): number[] {
  return processTable()
    .filter(({ parent }) => parent === pid)
    .map((row) => row.pid);
}

/** Each open descriptor with what it leads to, but for those that are closed meanwhile. */
export function descriptorsOf(pid: number): Record<string, string> {
  const directory = `/proc/${pid}/fd`;
  const entries = readdirSync(directory).flatMap((fd) => {
    try {
      return [[fd, readlinkSync(`${directory}/${fd}`)] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(entries);
}

/** The threads besides the main one that block no signal. */
export function openThreadsOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return threads.filter((thread) => {
    try {
      return thread !== pid && signalsOf(pid, "SigBlk", thread).length === 0;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** The names of a signal set of a process or one of its threads; "SIG" and the number for one without a name. */
export function signalsOf(pid: number, set: "SigBlk" | "SigIgn" | "SigCgt", thread = pid): string[] {
  const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
  const bits = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(text)?.[1]}`);
  return Array.from({ length: 64 }, (_, index) => index + 1)
    .filter((number) => (bits >> BigInt(number - 1)) & 1n)
    .map(signalName);
}

function signalName(number: number): string {
  const names = Object.entries(constants.signals).filter(([, other]) => other === number);
  return names.find(([name]) => !aliases.has(name))?.[0] ?? `SIG${number}`;
}

/** Second names of signals that have another one. */
const aliases: ReadonlySet<string> = new Set(["SIGIOT", "SIGPOLL", "SIGUNUSED"]);
