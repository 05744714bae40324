// What the kernel knows of a process: how often its threads were woken, its CPU time, its memory.
import { readdirSync, readFileSync } from "node:fs";

export interface Activity {
  readonly threads: ReadonlyMap<string, { readonly name: string; readonly switches: number }>;
  readonly cpuMs: number;
}

/** proc_pid_status(5) of each thread, and the CPU time of proc_pid_stat(5), in ticks of 10 ms. */
export function activity(pid: number): Activity {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    const count = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? "?";
    const switches = count("voluntary_ctxt_switches") + count("nonvoluntary_ctxt_switches");
    return [thread, { name, switches }] as const;
  });
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { threads: new Map(threads), cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
}

/** What happened between two looks, thread by thread. */
export function since(before: Activity, after: Activity) {
  const shares = [...after.threads]
    .map(([thread, { name, switches }]) => ({
      name,
      switches: switches - (before.threads.get(thread)?.switches ?? 0),
    }))
    .filter(({ switches }) => switches > 0);
  const switches = shares.reduce((sum, share) => sum + share.switches, 0);
  return { switches, shares, cpuMs: after.cpuMs - before.cpuMs };
}

/** What a process holds, and what of that is its own alone and no file's (proc_pid_status(5)), in megabytes. */
export function memoryMb(pid: number): { readonly resident: number; readonly own: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { resident: of("VmRSS"), own: of("RssAnon") };
}
