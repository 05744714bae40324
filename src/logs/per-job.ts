// A file for each job: NAME.jobs/JOB.log beside the log. They are opened when a job writes its first line, and only so many are
// kept open.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogFile } from "./file.ts";
import type { LogStream } from "./stream.ts";

export interface JobFile {
  readonly stream: LogStream;
  readonly file: LogFile;
  /** It is not written to any more. */
  close(): void;
}

const mostOpen = 128;
const longestNameBytes = 160;

/** `worker.jobs` for `worker.log`. */
export function jobsDirectory(log: string): string {
  return `${log.replace(/\.log$/, "")}.jobs`;
}

/** The job's name as a file's: what is not a letter, digit, dot, dash or underscore is percent-encoded. */
export function jobFileName(job: string): string {
  const encoded = Array.from(new TextEncoder().encode(job), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w.-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
  // A file's name has at most 255 bytes, and rotation adds to it.
  if (encoded.length <= longestNameBytes) return `${encoded}.log`;
  return `${encoded.slice(0, longestNameBytes).replace(/%.?$/, "")}-${Bun.hash(job).toString(16)}.log`;
}

export class JobFiles {
  readonly #directory: string;
  readonly #open: (path: string) => JobFile | null;
  readonly #files = new Map<string, JobFile>();

  /** @param open null: it can't be opened, and the job's lines go to the log itself */
  constructor(log: string, open: (path: string) => JobFile | null) {
    this.#directory = jobsDirectory(log);
    this.#open = open;
  }

  get opened(): readonly LogFile[] {
    return [...this.#files.values()].map(({ file }) => file);
  }

  /** Of all jobs that ever had one. */
  get paths(): readonly string[] {
    try {
      return readdirSync(this.#directory)
        .filter((name) => name.endsWith(".log"))
        .map((name) => join(this.#directory, name));
    } catch {
      return [];
    }
  }

  streamOf(job: string): LogStream | null {
    const known = this.#files.get(job);
    if (known !== undefined) return known.stream;
    const made = this.#open(join(this.#directory, jobFileName(job)));
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
