// Whom a log belongs to when root opens it for a daemon that is to become another user.
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  fstatSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { openLogs } from "../../../src/daemon/log/log-files.ts";
import type { Owner, Privileges } from "../../../src/daemon/privileges/privileges.ts";
import { directory, held, refusalOf } from "../files.ts";
import { noAttributes } from "../privileges/no-attributes.ts";

const www: Owner = { uid: 54_321, gid: 54_322 };
const other = 65_534;
const privileges: Privileges = {
  identity: { user: { uid: www.uid, name: null, home: "/", shell: "/bin/sh" }, gid: www.gid },
  chroot: null,
  attributes: noAttributes,
};

function ownerOfFile(path: string): Owner {
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

function open(log: string, logErr: string | null, owner: Owner | null = www) {
  const { out, err } = openLogs(log, logErr, owner);
  held(out);
  if (err !== out) held(err);
  return { out, err };
}

test("a log without another owner belongs to whoever opens it", () => {
  const path = `${directory()}/log`;
  open(path, null, null);
  expect(ownerOfFile(path).uid).toBe(process.geteuid?.() ?? -1);
});

// Only root can give a file away.
if (process.geteuid?.() === 0) {
  describe("root gives the daemon's user", () => {
    test("a log and an error log that it makes, 0640", () => {
      const base = directory();
      const { out, err } = open(`${base}/log`, `${base}/err`);
      for (const descriptor of [out, err]) {
        const { uid, gid, mode } = fstatSync(descriptor);
        expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...www, mode: 0o640 });
      }
    });

    test("a log of its own that is there, with what is in it", () => {
      const path = `${directory()}/log`;
      writeFileSync(path, "kept");
      open(path, null);
      expect(ownerOfFile(path)).toEqual(www);
      expect(readFileSync(path, "utf8")).toBe("kept");
    });

    test("nothing that is that user's already: its group stays", () => {
      const path = `${directory()}/log`;
      writeFileSync(path, "");
      chownSync(path, www.uid, 7);
      open(path, null);
      expect(ownerOfFile(path)).toEqual({ uid: www.uid, gid: 7 });
    });

    test("no device", () => {
      const before = ownerOfFile("/dev/null");
      open("/dev/null", null);
      expect(ownerOfFile("/dev/null")).toEqual(before);
    });
  });

  describe("root refuses", () => {
    test("another user's log, and one of that user's when the daemon stays root", () => {
      const path = `${directory()}/log`;
      writeFileSync(path, "");
      chownSync(path, other, other);
      expect(refusalOf(() => openLogs(path, null, www)).message).toContain(`it belongs to user ${other}`);
      chownSync(path, www.uid, www.gid);
      expect(refusalOf(() => openLogs(path, null, null)).message).toContain(`it belongs to user ${www.uid}`);
    });

    test("what has a second name, or is a link, and leaves its owner", () => {
      const base = directory();
      writeFileSync(`${base}/shadow`, "");
      linkSync(`${base}/shadow`, `${base}/hard`);
      symlinkSync("shadow", `${base}/soft`);
      for (const path of [`${base}/hard`, `${base}/soft`]) {
        expect(refusalOf(() => openLogs(path, null, www)).code).toBe(4);
      }
      expect(ownerOfFile(`${base}/shadow`).uid).toBe(0);
    });

    test("a log in a directory of the daemon's user, who could put another file there", () => {
      const base = directory();
      mkdirSync(`${base}/own`);
      chownSync(`${base}/own`, www.uid, www.gid);
      expect(refusalOf(() => openLogs(`${base}/own/log`, null, www)).message).toContain(`user ${www.uid}`);
    });
  });

  test("at a reopening, root makes what was rotated away, for the daemon's user, whose own reopening takes it", () => {
    const base = directory();
    chmodSync(base, 0o755);
    const [root] = reopened(base, []);
    expect(root).toBe("reopened");
    expect([`${base}/log`, `${base}/err`].map(ownerOfFile)).toEqual([www, www]);
    writeFileSync(`${base}/log`, "");
    const ids = ["--reuid", String(www.uid), "--regid", String(www.gid), "--clear-groups"];
    expect(reopened(base, ["setpriv", ...ids])).toEqual(["reopened"]);
    expect(readFileSync(`${base}/log`, "utf8")).toBe("reopened\n");
    renameSync(`${base}/log`, `${base}/log.1`);
    expect(reopened(base, ["setpriv", ...ids])).toEqual([
      `cannot open the log ${base}/log: permission denied`,
    ]);
  });

  /** Reopens both logs in a process of its own, and returns the line that it then writes. */
  const reopened = (base: string, prefix: readonly string[]): string[] => {
    const script = `${base}/reopen.js`;
    const source = new URL("reopen-child.ts", import.meta.url).pathname;
    // Not Bun.build: it leaves a descriptor open here that every later child inherits.
    Bun.spawnSync([process.execPath, "build", source, "--target=bun", `--outfile=${script}`]);
    const bun = `${base}/bun`;
    copyFileSync(process.execPath, bun);
    chmodSync(bun, 0o755);
    const paths = { log: `${base}/log`, logErr: `${base}/err` };
    const child = Bun.spawnSync([...prefix, bun, script, JSON.stringify({ paths, privileges })]);
    const written = child.stdout.toString() || readFileSync(paths.log, "utf8");
    return written.trimEnd().split("\n");
  };
}
