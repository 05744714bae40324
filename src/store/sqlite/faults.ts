// What an error of SQLite or of the file system means for a database. Pure.
import { PlaceError } from "./place.ts";

/** "corrupt": the file is to be set aside. "unusable": it can't be used at all. "failing": it may work again later. */
export type Fault = "corrupt" | "unusable" | "failing";

/** @returns null for an error that is djob's own bug */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof PlaceError) return error.isCorrupt ? "corrupt" : "unusable";
  const code = codeOf(error);
  if (code === null) return null;
  // ERROR is a table that is missing, and CONSTRAINT one that isn't what its own schema says.
  if (/^SQLITE_(CORRUPT|NOTADB|ERROR|CONSTRAINT|MISMATCH|FORMAT)/.test(code)) return "corrupt";
  if (
    /^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|^E(ACCES|PERM|ROFS|NOENT|NOTDIR|ISDIR|LOOP|NAMETOOLONG)$/.test(
      code,
    )
  )
    return "unusable";
  return /^SQLITE_|^E[A-Z0-9]+$/.test(code) ? "failing" : null;
}

export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === null || message.includes(code) ? message : `${message} (${code})`;
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : null;
  return typeof code === "string" ? code : null;
}
