// The module that a soak's daemon runs: it declares the jobs, and each attempt writes its begin and end into a file that outlives
// every SIGKILL (one write(2) with O_APPEND a line).
import { closeSync, existsSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SoakJob } from "./jobs.ts";

/** What an attempt, or a hook, has written; in the order in which they did. */
export interface Trace {
  /** B: begin, E: end; H: a hook. */
  readonly what: string;
  readonly id: string;
  readonly attempt: number;
  readonly pid: number;
  /** Of a begin: the state that it found; of an end: how; of a hook: which. */
  readonly note: string;
}

export function writeModule(directory: string, jobs: readonly SoakJob[]): string {
  writeFileSync(join(directory, "jobs.json"), JSON.stringify(jobs));
  const path = join(directory, "soak.ts");
  writeFileSync(path, moduleText(directory));
  return path;
}

/** @param last only so many bytes of it; null: all */
export function readTraces(directory: string, last: number | null = null): Trace[] {
  const path = join(directory, "traces");
  if (!existsSync(path)) return [];
  const descriptor = openSync(path, "r");
  const { size } = fstatSync(descriptor);
  const from = last === null ? 0 : Math.max(0, size - last);
  const bytes = Buffer.alloc(size - from);
  const length = readSync(descriptor, bytes, 0, bytes.length, from);
  closeSync(descriptor);
  const text = bytes.toString("utf8", 0, length);
  const lines = text.split("\n").slice(from === 0 ? 0 : 1, -1);
  return lines.map((line) => {
    const [what = "", id = "", attempt, pid, note = ""] = line.split("\t");
    return { what, id, attempt: Number(attempt), pid: Number(pid), note };
  });
}

function moduleText(directory: string): string {
  const traces = join(directory, "traces");
  return `
import { job } from "djob";
import { openSync, readFileSync, writeSync } from "node:fs";

const jobs = JSON.parse(readFileSync(${JSON.stringify(join(directory, "jobs.json"))}, "utf8"));
const traces = openSync(${JSON.stringify(traces)}, "a", 0o600);
const trace = (...parts) => void writeSync(traces, parts.join("\\t") + "\\n");

/** The same for the same attempt, and evenly spread. */
function chance(id, attempt) {
  let hash = 0x811c9dc5 ^ attempt;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
  });

function handlerOf({ manner, keepsState }) {
  return (context) => {
    const { id, attempt, signal } = context;
    trace("B", id, attempt, process.pid, keepsState ? context.state ?? 0 : "");
    const end = (how) => trace("E", id, attempt, process.pid, how);
    const luck = chance(id, attempt);
    const does = manner !== "mixed" ? manner : luck < 0.5 ? "quick" : luck < 0.8 ? "waits" : "throws";
    if (keepsState) context.state = (context.state ?? 0) + 1;
    if (does === "quick") return void end("ok");
    if (does === "throws" && luck < 0.4) { end("thrown"); throw new Error("by chance"); }
    return (async () => {
      try {
        await wait(does === "hangs" ? 60_000 : 5 + luck * 400, signal);
      } catch (error) {
        end("aborted");
        throw error;
      }
      const fails = does === "throws" && luck < 0.7;
      end(fails ? "thrown" : "ok");
      if (fails) throw new Error("by chance, later");
    })();
  };
}

const line = (what, note) =>
  \`printf '\${what}\\\\t%s\\\\t%s\\\\t%s\\\\t\${note}\\\\n' "$DJOB_RUN_ID" "$DJOB_ATTEMPT" $$ >> ${traces}\`;
const command = \`\${line("B", "")}; [ $(($$ % 5)) != 0 ] || { \${line("E", "thrown")}; exit 3; }; \${line("E", "ok")}\`;

function hooksOf() {
  const hook = (name) => ({ id, attempt }) => trace("H", id, attempt, process.pid, name);
  return { onSuccess: hook("success"), onFailure: hook("failure"), onSkip: hook("skip"), onRecovered: hook("recovered") };
}

for (const each of jobs) {
  const options = each.hasHooks ? { ...each.options, ...hooksOf() } : each.options;
  if (each.work === "command") job(each.name, { ...options, sh: command });
  else job(each.name, options, handlerOf(each));
}
`;
}
