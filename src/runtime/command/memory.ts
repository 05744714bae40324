// What the processes of a group have in memory, looked at while a run with a limit goes on. Linux only: elsewhere nothing is
// known, and the limit does not hold.
import { readdirSync, readFileSync } from "node:fs";
import { formatSize } from "../size.ts";

const lookEveryMs = 250;

/**
 * @param over called once, when the group has more than the limit resident
 * @returns how to stop looking
 */
export function watchMemory(group: number, limitBytes: number, over: (what: string) => void): () => void {
  const timer = setInterval(() => {
    const bytes = residentOf(group);
    if (bytes <= limitBytes) return;
    clearInterval(timer);
    over(`it had ${formatSize(bytes)} of memory, and may have ${formatSize(limitBytes)}`);
  }, lookEveryMs);
  return () => clearInterval(timer);
}

/** proc_pid_stat(5), proc_pid_status(5): what its processes have resident, in bytes. What they share counts for each. */
function residentOf(group: number): number {
  let bytes = 0;
  for (const name of pidsOf()) {
    try {
      const text = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[2]) !== group) continue;
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      bytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return bytes;
}

function pidsOf(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
