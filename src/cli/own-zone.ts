// TZ may name a file, as in TZ=:/etc/localtime, which the C library reads and the runtime does not: it would take UTC.
import { realpathSync } from "node:fs";

/** From now on TZ is the zone's name. What names none stays, and who goes by it warns. */
export function nameOwnZone(): void {
  const path = /^:?(\/.*)$/.exec(process.env["TZ"] ?? "")?.[1];
  const name = path === undefined ? null : zoneOf(path);
  if (name !== null) process.env["TZ"] = name;
}

function zoneOf(path: string): string | null {
  try {
    return /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(realpathSync(path))?.[1] ?? null;
  } catch {
    return null;
  }
}
