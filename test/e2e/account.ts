// A user of its own for tests that give up root: made for a test file, and removed after it.
import { chmodSync, copyFileSync, existsSync } from "node:fs";
import { djobPath, type Workspace } from "./harness.ts";

export const isRoot = process.geteuid?.() === 0;

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** A further group of the user's. */
  readonly extraGroup: { readonly name: string; readonly gid: number };
}

/** @throws {Error} that says what is missing */
export function makeAccount(): Account {
  const name = `djobtest${process.pid}`;
  const extra = `djobmore${process.pid}`;
  call("groupadd", extra);
  call("useradd", "--no-create-home", "--user-group", "--groups", extra, "--shell", "/bin/sh", name);
  const [, , uid, gid] = call("getent", "passwd", name).split(":").map(Number);
  const [, , extraGid] = call("getent", "group", extra).split(":").map(Number);
  return { name, uid: uid ?? -1, gid: gid ?? -1, extraGroup: { name: extra, gid: extraGid ?? -1 } };
}

export function removeAccount({ name, extraGroup }: Account): void {
  call("userdel", name);
  call("groupdel", extraGroup.name);
}

/** Lets another user reach the modules. */
export function openToOthers(space: Workspace): void {
  chmodSync(space.dir, 0o755);
}

/** Calls a copy of dist/djob as another user. */
export async function djobAs(
  { uid, gid }: Pick<Account, "uid" | "gid">,
  space: Workspace,
  args: readonly string[],
) {
  const copy = space.path("djob");
  // One that is running can't be overwritten.
  if (!existsSync(copy)) copyFileSync(djobPath, copy);
  chmodSync(copy, 0o755);
  const ids = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  const child = Bun.spawn(["setpriv", ...ids, copy, ...args], {
    cwd: space.dir,
    env: space.environment(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

function call(command: string, ...args: string[]): string {
  if (Bun.which(command) === null) {
    throw new Error(`these tests need ${command}: apt-get install passwd libc-bin, or apk add shadow`);
  }
  const { success, stdout, stderr } = Bun.spawnSync([command, ...args]);
  if (!success) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
  return stdout.toString().trim();
}
