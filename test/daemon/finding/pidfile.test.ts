import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import {
  clearPid,
  isStillAt,
  lookAtLock,
  parsePid,
  readPid,
  removePidfile,
  tryLock,
  writePid,
} from "../../../src/daemon/finding/pidfile.ts";
import { directory, held, modeOf, refusalOf, release } from "../files.ts";

describe("what a pidfile's text says", () => {
  test("every pid is read as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 31 - 1 }), (pid) => {
        expect(parsePid(`${pid}\n`)).toBe(pid);
      }),
    );
  });

  test.each([
    "",
    "\n",
    "0\n",
    "1\n",
    "-1\n",
    "42",
    "042\n",
    " 42\n",
    "42 \n",
    "42\n\n",
    "42\r\n",
    "4.2\n",
    "0x2a\n",
  ])("%j names nobody", (text) => expect(parsePid(text)).toBeNull());

  test.each(["2147483648\n", "9999999999\n", "99999999999999999999\n"])("%j is too large for a pid", (text) =>
    expect(parsePid(text)).toBeNull(),
  );

  test("nothing but one number and its end of line names anybody", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!/^[1-9]\d*\n$/.test(text)) expect(parsePid(text)).toBeNull();
      }),
    );
  });
});

test("a pidfile is made for all to read, whatever the umask", () => {
  const before = process.umask(0o077);
  try {
    expect(modeOf(held(tryLock(`${directory()}/pid`)))).toBe("644");
  } finally {
    process.umask(before);
  }
});

test("only one gets the lock, and the next one when it lets go", () => {
  const path = `${directory()}/pid`;
  const first = held(tryLock(path));
  expect(tryLock(path)).toBeNull();
  release(first);
  held(tryLock(path));
});

test("a lock on a file that was removed or replaced is no lock on the path", () => {
  const path = `${directory()}/pid`;
  const first = held(tryLock(path));
  rmSync(path);
  const second = held(tryLock(path));
  expect([isStillAt(path, first), isStillAt(path, second)]).toEqual([false, true]);
  writeFileSync(`${path}.new`, "");
  renameSync(`${path}.new`, path);
  expect([isStillAt(path, second), isStillAt(path, held(tryLock(path)))]).toEqual([false, true]);
});

test("a lock is taken without changing what the file says", () => {
  const path = `${directory()}/pid`;
  writeFileSync(path, "whatever\n");
  const lock = held(tryLock(path));
  expect(readFileSync(path, "utf8")).toBe("whatever\n");
  clearPid(lock);
  expect(readFileSync(path, "utf8")).toBe("");
});

test("a pid replaces whatever was in the file before", () => {
  const path = `${directory()}/pid`;
  writeFileSync(path, "a text that is longer than a pid, and has\nmore lines than one\n");
  const lock = held(tryLock(path));
  expect(readPid(lock)).toBeNull();
  writePid(lock, 4242);
  expect(readFileSync(path, "utf8")).toBe("4242\n");
  expect(readPid(lock)).toBe(4242);
});

test("a huge file that begins with a number names nobody", () => {
  const path = `${directory()}/pid`;
  writeFileSync(path, `42\n${"x".repeat(20 << 20)}`);
  expect(readPid(held(tryLock(path)))).toBeNull();
});

test("only the holder's own pidfile is removed", () => {
  const path = `${directory()}/pid`;
  const first = held(tryLock(path));
  rmSync(path);
  const second = held(tryLock(path));
  removePidfile(path, first);
  expect(existsSync(path)).toBe(true);
  removePidfile(path, second);
  expect(existsSync(path)).toBe(false);
  // A second time there is nothing to remove, and nothing to complain about.
  removePidfile(path, second);
});

describe("looking at a lock", () => {
  test("a missing file is absent, and is not made", () => {
    const path = `${directory()}/pid`;
    expect(lookAtLock(path)).toEqual({ state: "absent" });
    expect(existsSync(path)).toBe(false);
    expect(lookAtLock(`${path}/in/no/directory`)).toEqual({ state: "absent" });
  });

  test("a file that nobody holds is free, whatever it says", () => {
    const path = `${directory()}/pid`;
    writeFileSync(path, `${process.pid}\n`);
    expect(lookAtLock(path)).toEqual({ state: "free" });
    // Looking leaves no lock behind.
    held(tryLock(path));
  });

  test("a file that is held names its holder as soon as that has written its pid", () => {
    const path = `${directory()}/pid`;
    const lock = held(tryLock(path));
    expect(lookAtLock(path)).toEqual({ state: "held", pid: null });
    writePid(lock, 4242);
    expect(lookAtLock(path)).toEqual({ state: "held", pid: 4242 });
  });

  test("a link in its place is refused", () => {
    const path = `${directory()}/pid`;
    writeFileSync(`${path}.target`, "42\n");
    symlinkSync(`${path}.target`, path);
    expect(refusalOf(() => lookAtLock(path))).toMatchObject({ code: 4 });
    expect(refusalOf(() => tryLock(path)).message).toContain(
      `refusing to use ${path}: it is a symbolic link`,
    );
  });
});
