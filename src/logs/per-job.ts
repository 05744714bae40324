// A file for each job: NAME.jobs/JOB.log beside the log. They are opened when a job writes its first line, and only so many are
// kept open.
import { join } from "node:path";
import type { LogFile } from "./file.ts";
import { jobFileName, jobsDirectory } from "./job-file-names.ts";
import { jobLogs } from "./job-files.ts";
import type { LogStream } from "./stream.ts";

export interface JobFile {
  readonly stream: LogStream;
  readonly file: LogFile;
  /** It is not written to any more. */
  close(): void;
}

const mostOpen = 128;

export class JobFiles {
  readonly #log: string;
  readonly #open: (path: string) => JobFile | null;
  readonly #files = new Map<string, JobFile>();

  /** @param open null: it can't be opened, and the job's lines go to the log itself */
  constructor(log: string, open: (path: string) => JobFile | null) {
    this.#log = log;
    this.#open = open;
  }

  get opened(): readonly LogFile[] {
    return [...this.#files.values()].map(({ file }) => file);
  }

  get openCount(): number {
    return this.#files.size;
  }

  /** Of all jobs that ever had one. */
  get paths(): readonly string[] {
    return jobLogs(this.#log);
  }

  streamOf(job: string): LogStream | null {
    const known = this.#files.get(job);
    if (known !== undefined) return known.stream;
    const made = this.#open(join(jobsDirectory(this.#log), jobFileName(job)));
    if (made === null) return null;
    if (this.#files.size >= mostOpen) this.#closeOldest();
    this.#files.set(job, made);
    return made.stream;
  }

  #closeOldest(): void {
    for (const [job, file] of this.#files) {
      this.#files.delete(job);
      file.close();
      return;
    }
  }
}
