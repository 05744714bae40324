// Puts a daemon among what the machine starts at boot. What fails half-way leaves things as they were.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { callAll, readCrontab, tryAll, writeCrontab } from "./calls.ts";
import { crontabLine, withLine } from "./crontab.ts";
import { type BootEntry, checkWords } from "./entry.ts";
import { filePath, mannerOf } from "./manners.ts";
import { readOwnFile, removeOwnFile, writeOwnFile } from "./own-file.ts";
import type { BootSystem, FileKind, InitKind } from "./system.ts";

export interface Installed {
  /** The file that the init system reads; null: the user's crontab. */
  readonly path: string | null;
}

/** What `install` would write, and nothing done. @throws {DjobError} for words that can't be written */
export function bootText(system: BootSystem, entry: BootEntry, kind: InitKind): string {
  checkWords(entry);
  if (kind === "crontab") return `${crontabLine(entry)}\n`;
  return mannerOf(kind, entry.name, system).text(entry);
}

/** @param now start it, too */
export function install(system: BootSystem, entry: BootEntry, kind: InitKind, now: boolean): Installed {
  checkWords(entry);
  return kind === "crontab" ? installLine(system, entry, now) : installFile(system, entry, kind, now);
}

function installFile(system: BootSystem, entry: BootEntry, kind: FileKind, now: boolean): Installed {
  const { name, isPrivate } = entry;
  const path = filePath(kind, name, system);
  if (path === null) throw needsRoot(name, kind);
  const manner = mannerOf(kind, name, system);
  const before = readOwnFile(path);
  const mode = (manner.isScript ? 0o755 : 0o644) & (isPrivate ? 0o700 : 0o777);
  writeOwnFile(path, { text: manner.text(entry), mode });
  try {
    callAll(system, `install ${name}`, manner.enable);
    if (now) callAll(system, `start ${name}`, manner.start);
  } catch (error) {
    if (before !== null) {
      writeOwnFile(path, before);
      tryAll(system, manner.enable);
    } else {
      tryAll(system, [...(now ? manner.stop : []), ...manner.disable]);
      removeOwnFile(path);
      tryAll(system, manner.forget);
    }
    throw error;
  }
  return { path };
}

function installLine(system: BootSystem, entry: BootEntry, now: boolean): Installed {
  const { name, djobPath, runArguments } = entry;
  const before = readCrontab(system);
  writeCrontab(system, withLine(before, name, crontabLine(entry)));
  try {
    if (now) callAll(system, `start ${name}`, [[djobPath, "run", "--ok", ...runArguments]]);
  } catch (error) {
    writeCrontab(system, before);
    throw error;
  }
  return { path: null };
}

function needsRoot(name: string, kind: FileKind): DjobError {
  return new DjobError(
    exitCode.notPermitted,
    `cannot install ${name}: only root may add to what ${kind} starts`,
    "call it as root, or choose --init crontab",
  );
}
