// The schedulers that scripts/bench/schedule.ts compares, each as a program of its own: it registers so many jobs of one time,
// whose handlers do the same small thing everywhere, and writes down how long that took and how late they were.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callDjob } from "./call.ts";

export interface Plan {
  readonly count: number;
  /** The common time. */
  readonly dueMs: number;
}

export interface Lateness {
  readonly fired: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One start of a scheduler. */
export interface Going {
  /** Those that take part, the one with the jobs first. */
  readonly pids: readonly number[];
  /** null: not yet. */
  registered(): { readonly callsMs: number; readonly allMs: number } | null;
  lateness(): Lateness | null;
  end(): Promise<void>;
}

export interface Scheduler {
  readonly name: string;
  /** What its schedules are made of: seconds, or minutes. */
  readonly resolutionMs: number;
  readonly start: (plan: Plan, directory: string) => Promise<Going>;
}

/** So long after the common time the rest counts as missed. */
export const missedAfterMs = 60_000;

const root = join(import.meta.dir, "../..");
const djob = join(root, "dist/djob");

export const schedulers: readonly Scheduler[] = [
  { name: "djob", resolutionMs: 1_000, start: startDaemon },
  scheduler("Bun.cron", "", (schedule) => `Bun.cron(${schedule}, note)`, 60_000),
  scheduler("setTimeout", "", () => "setTimeout(note, due - Date.now())"),
  scheduler("croner", 'import { Cron } from "croner";', (schedule) => `new Cron(${schedule}, note)`),
  scheduler("node-cron", 'import cron from "node-cron";', (schedule) => `cron.schedule(${schedule}, note)`),
];

/** `registered(all)`: the calls have returned, or all that is done about them. */
function program({ count, dueMs }: Plan, directory: string): string {
  const result = (name: string) => JSON.stringify(join(directory, name));
  return `
import { writeFileSync } from "node:fs";
const due = ${dueMs};
const lateness = new Float64Array(${count});
let fired = 0;
const note = () => {
  lateness[fired] = performance.timeOrigin + performance.now() - due;
  fired += 1;
  if (fired === ${count}) tell();
};
const tell = () => {
  const sorted = lateness.slice(0, fired).sort();
  const at = (share) => sorted[Math.min(Math.floor(fired * share), fired - 1)] ?? Number.NaN;
  writeFileSync(${result("lateness")}, JSON.stringify({ fired, p50: at(0.5), p99: at(0.99), max: at(1) }));
};
setTimeout(() => fired < ${count} && tell(), due + ${missedAfterMs} - Date.now()).unref();
const startMs = performance.now();
const registered = (name) => writeFileSync(name, String(performance.now() - startMs));
const callsAre = () => registered(${result("calls")});
const allIs = () => registered(${result("all")});
`;
}

function scheduleOf({ dueMs }: Plan, resolutionMs: number): string {
  const due = new Date(dueMs);
  const seconds = resolutionMs < 60_000 ? `${due.getSeconds()} ` : "";
  return `${seconds}${due.getMinutes()} ${due.getHours()} * * *`;
}

function scheduler(
  name: string,
  head: string,
  call: (schedule: string) => string,
  resolutionMs = 1_000,
): Scheduler {
  const start = async (plan: Plan, directory: string): Promise<Going> => {
    const file = join(directory, "scheduler.ts");
    const schedule = JSON.stringify(scheduleOf(plan, resolutionMs));
    const loop = `for (let i = 0; i < ${plan.count}; i += 1) ${call(schedule)};`;
    writeFileSync(file, `${program(plan, directory)}${loop}\ncallsAre();\nallIs();\n`);
    // Packages are found from where the script is.
    const imported = head.replace(/from "(.*)"/, (_, from) => `from "${Bun.resolveSync(from, root)}"`);
    writeFileSync(file, imported + readFileSync(file, "utf8"));
    // node-cron has a line for each run that it misses.
    const child = Bun.spawn([process.execPath, file], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    return {
      pids: [child.pid],
      ...results(directory),
      async end() {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  };
  return { name, resolutionMs, start };
}

async function startDaemon(plan: Plan, directory: string): Promise<Going> {
  const file = join(directory, "scheduler.ts");
  const schedule = JSON.stringify(scheduleOf(plan, 1_000));
  writeFileSync(
    file,
    `import { job } from "djob";${program(plan, directory)}
for (let i = 0; i < ${plan.count}; i += 1) job("job " + i, ${schedule}, note);
callsAre();
// It is run when all have been entered in the run history.
job("registered", "@reboot", allIs);
`,
  );
  await call(directory, "run", file);
  return {
    pids: pidsOf(directory),
    ...results(directory),
    async end() {
      await call(directory, "stop", "scheduler");
    },
  };
}

/** Without a question: an answer about all jobs would be in the memory that is measured. @returns the worker and its supervisor */
function pidsOf(directory: string): number[] {
  const supervisor = Number(readFileSync(join(directory, "state/scheduler.pid"), "utf8"));
  const [worker] = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, "utf8").split(" ");
  return [Number(worker), supervisor];
}

/** The run history of djob's jobs. */
export function historyOf(directory: string): string {
  return join(directory, "state/scheduler.db");
}

function call(directory: string, ...args: string[]): Promise<string> {
  return callDjob(djob, directory, ...args);
}

function results(directory: string): Pick<Going, "registered" | "lateness"> {
  const read = (name: string): unknown => {
    try {
      return JSON.parse(readFileSync(join(directory, name), "utf8"));
    } catch {
      return null;
    }
  };
  return {
    registered() {
      const [callsMs, allMs] = [read("calls"), read("all")];
      return typeof callsMs === "number" && typeof allMs === "number" ? { callsMs, allMs } : null;
    },
    lateness: () => read("lateness") as Lateness | null,
  };
}
