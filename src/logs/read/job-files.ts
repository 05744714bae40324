// The files that a log has for each job, where it was written with --log-per-job: NAME.jobs/JOB.log beside it.
import { readdirSync } from "node:fs";
import { join } from "node:path";

const longestNameBytes = 160;

/** `worker.jobs` for `worker.log`. */
export function jobsDirectory(log: string): string {
  return `${log.replace(/\.log$/, "")}.jobs`;
}

/** Of every job that has had one; also where only rotated ones are left. */
export function jobLogs(log: string): string[] {
  const directory = jobsDirectory(log);
  const names = new Set(namesIn(directory).flatMap((name) => /^.*?\.log(?=$|[.-])/.exec(name)?.[0] ?? []));
  return [...names].sort().map((name) => join(directory, name));
}

/** Null: this job has none. */
export function jobLog(log: string, job: string): string | null {
  const path = join(jobsDirectory(log), jobFileName(job));
  return jobLogs(log).includes(path) ? path : null;
}

/** What is not a letter, digit, dot, dash or underscore is percent-encoded, and what would be too long is cut. */
function jobFileName(job: string): string {
  const encoded = Array.from(new TextEncoder().encode(job), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w.-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
  if (encoded.length <= longestNameBytes) return `${encoded}.log`;
  return `${encoded.slice(0, longestNameBytes).replace(/%.?$/, "")}-${Bun.hash(job).toString(16)}.log`;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
