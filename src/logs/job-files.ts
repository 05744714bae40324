// The files that a log has for each job, where it is written with --log-per-job: NAME.jobs/JOB.log beside it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { jobFileName, jobLogOf, jobsDirectory } from "./job-file-names.ts";

/** Of every job that has had one; also where only rotated ones are left. */
export function jobLogs(log: string): string[] {
  const directory = jobsDirectory(log);
  const names = new Set(namesIn(directory).flatMap((name) => jobLogOf(name) ?? []));
  return [...names].sort().map((name) => join(directory, name));
}

/** Null: this job has none. */
export function jobLog(log: string, job: string): string | null {
  const path = join(jobsDirectory(log), jobFileName(job));
  return jobLogs(log).includes(path) ? path : null;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
