// The machine as `djob install` sees it, as one small interface: where init systems look for their files, and how their
// programs are called. Tests give another one.
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { worldError } from "../daemon/error.ts";

/** The init systems that djob knows, and crontab(1) for all others. */
export const initKinds = ["systemd", "openrc", "sysv", "launchd", "crontab"] as const;
export type InitKind = (typeof initKinds)[number];
/** Those that start what a file of their own says. */
export type FileKind = Exclude<InitKind, "crontab">;

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BootSystem {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  /** Where each init system looks for its files; null: it has none for this user. */
  readonly directories: Readonly<Record<FileKind, string | null>>;
  exists(path: string): boolean;
  /** Whether there is such a program. */
  has(program: string): boolean;
  /** Calls a program, never through a shell. @throws {DjobError} if it can't be started */
  call(command: readonly string[], input?: string): ProgramResult;
}

/** Where administrators' programs are, also for those whose PATH leaves them out. */
const administratorsPath = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";

export function thisSystem(): BootSystem {
  const uid = process.geteuid?.() ?? 0;
  const path = [process.env["PATH"], administratorsPath].filter(Boolean).join(":");
  return {
    platform: process.platform,
    uid,
    directories: uid === 0 ? systemDirectories : userDirectories(),
    exists: existsSync,
    has: (program) => Bun.which(program, { PATH: path }) !== null,
    call: (command, input) => call(command, input, { ...process.env, PATH: path, LC_ALL: "C" }),
  };
}

const systemDirectories: BootSystem["directories"] = {
  systemd: "/etc/systemd/system",
  openrc: "/etc/init.d",
  sysv: "/etc/init.d",
  launchd: "/Library/LaunchDaemons",
};

function userDirectories(): BootSystem["directories"] {
  const home = process.env["HOME"] ?? userInfo().homedir;
  const chosen = process.env["XDG_CONFIG_HOME"];
  const config = chosen?.startsWith("/") ? chosen : join(home, ".config");
  return {
    systemd: join(config, "systemd/user"),
    openrc: null,
    sysv: null,
    launchd: join(home, "Library/LaunchAgents"),
  };
}

function call(
  command: readonly string[],
  input: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): ProgramResult {
  const [name = ""] = command;
  const program = Bun.which(name, { PATH: environment["PATH"] ?? "" }) ?? name;
  try {
    const child = Bun.spawnSync([program, ...command.slice(1)], {
      cwd: "/",
      env: { ...environment },
      stdin: input === undefined ? "ignore" : Buffer.from(input),
    });
    const code = child.exitCode ?? 128;
    return { code, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
  } catch (error) {
    throw worldError(`call ${name}`, error);
  }
}

/** Whether a user's services start at boot, and not at the user's first login (`loginctl enable-linger`). */
export function isLingering(system: BootSystem): boolean {
  return system.exists(`/var/lib/systemd/linger/${userInfo().username}`);
}

/** Which init system runs here, by what only that one makes. @returns null if it is none that djob knows */
export function detectInit(system: BootSystem): InitKind | null {
  const { platform, uid } = system;
  if (platform === "darwin") return "launchd";
  // sd_booted(3)
  if (system.exists("/run/systemd/system")) return "systemd";
  if (uid === 0 && (system.exists("/run/openrc") || system.exists("/sbin/openrc-run"))) return "openrc";
  const registers = system.has("update-rc.d") || system.has("chkconfig");
  if (uid === 0 && system.exists("/etc/init.d") && registers) return "sysv";
  return system.has("crontab") ? "crontab" : null;
}
