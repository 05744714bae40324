// Takes a daemon away from what the machine starts at boot: whatever `djob install` has put there under its name.
import { callAll, readCrontab, tryAll, writeCrontab } from "./calls.ts";
import { hasLine, withoutLine } from "./crontab.ts";
import { filePath, mannerOf } from "./manners.ts";
import { readOwnFile, removeOwnFile } from "./own-file.ts";
import type { BootSystem, FileKind } from "./system.ts";

export interface Removed {
  /** The file that was removed; null: a line of the user's crontab. */
  readonly path: string | null;
}

/** @param now stop it, too. @returns what was removed: nothing, if it was not installed */
export function uninstall(system: BootSystem, name: string, now: boolean): Removed[] {
  const files = installedFiles(system, name).map(({ kind, path }) => {
    const manner = mannerOf(kind, name, system);
    // It may be stopped, disabled or half removed by hand already.
    if (now) tryAll(system, manner.stop);
    callAll(system, `uninstall ${name}`, manner.disable);
    removeOwnFile(path);
    callAll(system, `uninstall ${name}`, manner.forget);
    return { path };
  });
  try {
    return removeLine(system, name) ? [...files, { path: null }] : files;
  } catch (error) {
    // A user who may not have a crontab has no line in one.
    if (files.length === 0) throw error;
    return files;
  }
}

interface InstalledFile {
  readonly kind: FileKind;
  readonly path: string;
}

/** OpenRC and SysV share a directory: the text tells whose script it is. */
function installedFiles(system: BootSystem, name: string): InstalledFile[] {
  const kinds: readonly FileKind[] = ["systemd", "openrc", "sysv", "launchd"];
  return kinds.flatMap((kind) => {
    const path = filePath(kind, name, system);
    const file = path === null ? null : readOwnFile(path);
    if (path === null || file === null) return [];
    const isOpenrc = file.text.startsWith("#!/sbin/openrc-run\n");
    if ((kind === "openrc" && !isOpenrc) || (kind === "sysv" && isOpenrc)) return [];
    return [{ kind, path }];
  });
}

function removeLine(system: BootSystem, name: string): boolean {
  if (!system.has("crontab")) return false;
  const text = readCrontab(system);
  if (!hasLine(text, name)) return false;
  writeCrontab(system, withoutLine(text, name));
  return true;
}
