// Which jobs wrote to a log.
import { json, raw, text } from "./header.ts";
import { parsed } from "./message.ts";
import type { Records } from "./records.ts";

/** Of the records that are left, to their end. */
export function jobNamesIn(records: Records): Set<string> {
  const written = new Map<string, string>();
  while (records.next()) {
    const { header, bytes, isPart } = records.reader;
    if (isPart || header.form === raw || header.jobStart === header.jobEnd) continue;
    const name = bytes.toString("utf8", header.jobStart, header.jobEnd);
    // A name that has to be quoted is in JSON and logfmt alike.
    const key = `${header.form === text ? "" : json} ${name}`;
    if (!written.has(key))
      written.set(key, header.form === text ? name : String(parsed(`"${name}"`) ?? name));
  }
  return new Set(written.values());
}
