// What the files of single jobs are called, where --log-per-job gives them some: NAME.jobs/JOB.log beside the log. Pure.
import { belongsTo } from "./read/log-names.ts";

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

/**
 * The job's file that a name in such a directory is, or was before its rotation; null: it is none. A job's name may have ".log" in it.
 */
export function jobLogOf(name: string): string | null {
  for (let at = name.lastIndexOf(".log"); at > 0; at = name.lastIndexOf(".log", at - 1)) {
    const log = name.slice(0, at + ".log".length);
    if (belongsTo(log, name)) return log;
  }
  return null;
}
