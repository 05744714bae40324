// Asks this machine what `paths.ts` needs to know.
import { existsSync, lstatSync } from "node:fs";
import { userInfo } from "node:os";
import { type Directories, directoriesFor, type Surroundings } from "./paths.ts";

/** The directories of the user who runs this process. */
export function ownDirectories(
  dir: string | null,
  environment: Surroundings["environment"] = process.env,
): Directories {
  return directoriesFor(dir, { uid: process.geteuid?.() ?? 0, environment, runtimeDirectoryLasts });
}

/**
 * systemd-logind removes /run/user/UID when its user's last session ends, and with it the pidfile of a daemon that
 * was to outlive that session; only a lingering user keeps it (`loginctl enable-linger`).
 */
function runtimeDirectoryLasts(path: string): boolean {
  if (!path.startsWith("/run/user/")) return isDirectory(path);
  return isDirectory(path) && existsSync(`/var/lib/systemd/linger/${userInfo().username}`);
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
