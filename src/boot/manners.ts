// How each init system wants to be told: its file's name and text, and the commands before and after. Pure but for what
// the BootSystem says of the machine.
import { join } from "node:path";
import { type BootEntry, unitName } from "./entry.ts";
import { launchdPlist } from "./launchd-plist.ts";
import { openrcScript } from "./openrc-script.ts";
import type { BootSystem, FileKind } from "./system.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { sysvScript } from "./sysv-script.ts";

export type Commands = ReadonlyArray<readonly string[]>;

export interface Manner {
  readonly text: (entry: BootEntry) => string;
  readonly isScript: boolean;
  /** To be started at boot, once its file is there. */
  readonly enable: Commands;
  readonly start: Commands;
  readonly stop: Commands;
  /** Not to be started any more: while its file is still there, and when it is gone. */
  readonly disable: Commands;
  readonly forget: Commands;
}

/** Where the file of a daemon is; null if this user has no such place. */
export function filePath(kind: FileKind, name: string, { directories }: BootSystem): string | null {
  const directory = directories[kind];
  const ending = { systemd: ".service", launchd: ".plist", openrc: "", sysv: "" }[kind];
  return directory === null ? null : join(directory, `${unitName(name)}${ending}`);
}

export function mannerOf(kind: FileKind, name: string, system: BootSystem): Manner {
  return manners[kind](unitName(name), system, filePath(kind, name, system) ?? "");
}

const manners: Readonly<Record<FileKind, (unit: string, system: BootSystem, path: string) => Manner>> = {
  systemd(unit, system) {
    const systemctl = system.uid === 0 ? ["systemctl"] : ["systemctl", "--user"];
    // While an image is built there is no manager to tell, and enabling only makes a link.
    const reload = system.exists("/run/systemd/system") ? [[...systemctl, "daemon-reload"]] : [];
    const service = `${unit}.service`;
    return {
      text: systemdUnit,
      isScript: false,
      enable: [...reload, [...systemctl, "enable", service]],
      start: [[...systemctl, "start", service]],
      stop: [[...systemctl, "stop", service]],
      disable: [[...systemctl, "disable", service]],
      forget: reload,
    };
  },
  openrc: (unit) => ({
    text: openrcScript,
    isScript: true,
    enable: [["rc-update", "add", unit, "default"]],
    start: [["rc-service", unit, "start"]],
    stop: [["rc-service", unit, "stop"]],
    disable: [["rc-update", "del", unit, "default"]],
    forget: [],
  }),
  sysv(unit, system, path) {
    const isDebian = system.has("update-rc.d");
    return {
      text: sysvScript,
      isScript: true,
      enable: isDebian ? [["update-rc.d", unit, "defaults"]] : [["chkconfig", "--add", unit]],
      start: [[path, "start"]],
      stop: [[path, "stop"]],
      disable: isDebian ? [] : [["chkconfig", "--del", unit]],
      forget: isDebian ? [["update-rc.d", unit, "remove"]] : [],
    };
  },
  launchd(unit, { uid }, path) {
    const domain = uid === 0 ? "system" : `gui/${uid}`;
    const service = `${domain}/${unit}`;
    return {
      text: launchdPlist,
      isScript: false,
      enable: [["launchctl", "enable", service]],
      start: [["launchctl", "bootstrap", domain, path]],
      stop: [["launchctl", "bootout", service]],
      disable: [["launchctl", "disable", service]],
      forget: [],
    };
  },
};
