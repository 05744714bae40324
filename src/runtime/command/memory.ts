// What the processes of a group have in memory, looked at while a run with a limit goes on. Linux only: elsewhere nothing is
// known, and the limit does not hold. To look at each process of a machine takes milliseconds, in which no job begins: so all limited
// runs are looked at together, the children of what is known at once, and the rest of the machine some at a time.
import { readdirSync, readFileSync } from "node:fs";
import { formatSize } from "../size.ts";

const lookEveryMs = 250;
/** How many processes that are in no known group are looked at in one go. */
const othersAtOnce = 100;

/** proc_pid_stat(5), proc_pid_status(5), proc_tid_children(5). */
export interface Processes {
  all(): number[];
  /** null: it is no more. */
  groupOf(pid: number): number | null;
  residentBytes(pid: number): number;
  childrenOf(pid: number): number[];
}

interface Watch {
  readonly group: number;
  readonly limitBytes: number;
  readonly over: (what: string) => void;
  readonly members: Set<number>;
}

export class GroupMemory {
  readonly #processes: Processes;
  readonly #watches = new Set<Watch>();
  /** Whose turn is yet to come. */
  #others: number[] = [];
  #timer: Timer | null = null;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  /**
   * @param over called once, when the group has more than the limit resident; what its processes share counts for each
   * @returns how to stop looking
   */
  watch(group: number, limitBytes: number, over: (what: string) => void): () => void {
    const watch: Watch = { group, limitBytes, over, members: new Set([group]) };
    this.#watches.add(watch);
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    return () => this.#stop(watch);
  }

  #stop(watch: Watch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#others = [];
  }

  #look(): void {
    this.#findOthers();
    for (const watch of [...this.#watches]) {
      const bytes = this.#residentOf(watch);
      if (bytes <= watch.limitBytes) continue;
      this.#stop(watch);
      watch.over(`it had ${formatSize(bytes)} of memory, and may have ${formatSize(watch.limitBytes)}`);
    }
  }

  #residentOf({ group, members }: Watch): number {
    let bytes = 0;
    // A set's iteration goes on with what is added meanwhile.
    for (const pid of members) {
      if (this.#processes.groupOf(pid) !== group) {
        members.delete(pid);
        continue;
      }
      bytes += this.#processes.residentBytes(pid);
      for (const child of this.#processes.childrenOf(pid)) members.add(child);
    }
    return bytes;
  }

  /** Those whose parent has ended, or is a thread. */
  #findOthers(): void {
    if (this.#others.length === 0) this.#others = this.#processes.all();
    const byGroup = new Map([...this.#watches].map((watch) => [watch.group, watch]));
    for (const pid of this.#others.splice(0, othersAtOnce))
      byGroup.get(this.#processes.groupOf(pid) ?? -1)?.members.add(pid);
  }
}

const linux: Processes = {
  all: () =>
    readOr([], () =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
    ),
  groupOf: (pid) =>
    readOr(null, () => {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      return Number(text.slice(text.lastIndexOf(")") + 2).split(" ", 3)[2]);
    }),
  residentBytes: (pid) =>
    readOr(0, () => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  childrenOf: (pid) =>
    readOr([], () =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    ),
};

/** What is read of a process that may end meanwhile. */
function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

export const groupMemory = new GroupMemory(linux);
