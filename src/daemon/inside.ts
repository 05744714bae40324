// Paths as a process sees them whose root directory is another: an absolute link in there starts at the new root, and ".."
// never leads out of it.
import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error.ts";

const maximumLinks = 40;

/**
 * Where a path that is meant inside a root directory is for those outside. What is missing, or may not be looked at, is taken as it is written.
 * @param root null: there is none, and the path is its own
 */
export function outsidePath(root: string | null, path: string): string {
  if (root === null) return path;
  let inside: string[] = [];
  let links = 0;
  const pending = partsOf(path);
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      inside.pop();
      continue;
    }
    const target = links < maximumLinks ? linkAt(join(root, ...inside, part)) : null;
    if (target === null) {
      inside.push(part);
      continue;
    }
    links += 1;
    if (target.startsWith("/")) inside = [];
    pending.unshift(...partsOf(target));
  }
  return join(root, ...inside);
}

/**
 * A path whose directory has no links on the way; its last part may be one. (The runtime's realpath needs /proc, which is missing in
 * most other root directories.)
 */
export function withoutLinks(path: string): string {
  return join(outsidePath("/", dirname(path)), basename(path));
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function linkAt(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch (error) {
    if (["EACCES", "ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return null;
    throw error;
  }
}
