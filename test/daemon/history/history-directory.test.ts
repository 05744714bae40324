import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { prepareHistory } from "../../../src/daemon/history/history-directory.ts";
import type { Privileges } from "../../../src/daemon/privileges/privileges.ts";
import { scratch } from "../../scratch.ts";
import { noAttributes } from "../privileges/no-attributes.ts";

const isRoot = process.geteuid?.() === 0;
const uid = isRoot ? 1234 : (process.geteuid?.() ?? 0);
const gid = isRoot ? 1234 : (process.getegid?.() ?? 0);

function as(chroot: string | null): Privileges {
  return {
    identity: { user: { uid, name: null, home: "/", shell: "/bin/sh" }, gid },
    chroot,
    attributes: noAttributes,
  };
}

const place = () => scratch("history");

test("the directory is made for whoever starts the daemon", () => {
  const base = place();
  expect(prepareHistory(join(base, "a/b/w.db"), null)).toBeNull();
  expect(statSync(join(base, "a/b")).mode & 0o777).toBe(isRoot ? 0o711 : 0o700);
});

test("another user has a directory of its own, once and again", () => {
  const base = place();
  const history = join(base, "state/w.history/w.db");
  for (let times = 0; times < 2; times += 1) {
    expect(prepareHistory(history, as(null))).toBeNull();
    const stats = statSync(join(base, "state/w.history"));
    expect([stats.uid, stats.gid, stats.mode & 0o777]).toEqual([uid, gid, 0o700]);
  }
});

test("after a chroot it is inside", () => {
  const base = place();
  expect(prepareHistory("/var/lib/djob/w.history/w.db", as(base))).toBeNull();
  expect(statSync(join(base, "var/lib/djob/w.history")).uid).toBe(uid);
});

test("a link in its place is not followed, and a directory of everybody's is refused", () => {
  const base = place();
  mkdirSync(join(base, "target"));
  const before = statSync(join(base, "target"));
  symlinkSync(join(base, "target"), join(base, "w.history"));
  expect(prepareHistory(join(base, "w.history/w.db"), as(null))).toBeInstanceOf(Error);
  expect(statSync(join(base, "target")).uid).toBe(before.uid);
  chmodSync(base, 0o777);
  expect(prepareHistory(join(base, "v.history/w.db"), as(null))).toBeInstanceOf(Error);
  expect(prepareHistory(join(base, "w.db"), null)).toBeInstanceOf(Error);
});
