import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { takeLock } from "../../../src/daemon/finding/lock.ts";
import { tryLock, writePid } from "../../../src/daemon/finding/pidfile.ts";
import { flock, unlockFile } from "../../../src/libc/files.ts";
import { directory, held, release } from "../files.ts";

test("the lock of nobody is taken, and the pid of the last holder is forgotten", async () => {
  const path = `${directory()}/pid`;
  writeFileSync(path, "4242\n");
  held(await takeLock("worker", path));
  expect(readFileSync(path, "utf8")).toBe("");
  expect(tryLock(path)).toBeNull();
});

test("a lock that is held names its holder and how to stop it", async () => {
  const path = `${directory()}/pid`;
  writePid(held(tryLock(path)), 4242);
  expect(await takeLock("worker", path).catch((error: unknown) => error)).toMatchObject({
    code: 8,
    message: "worker is already running (pid 4242)",
    hint: "stop it with: djob stop worker",
  });
});

test("a holder that is starting is waited for until it has written its pid", async () => {
  const path = `${directory()}/pid`;
  const holder = held(tryLock(path));
  const refusal = takeLock("worker", path).catch((error: unknown) => error);
  const waiting = Symbol("waiting");
  expect(await Promise.race([refusal, severalLooks(waiting)])).toBe(waiting);
  writePid(holder, 4243);
  expect(await refusal).toMatchObject({ code: 8, message: "worker is already running (pid 4243)" });
});

test("a dead holder, whose workers hold the lock for a moment longer, is no daemon", async () => {
  const path = `${directory()}/pid`;
  const holder = held(tryLock(path));
  writePid(holder, Bun.spawnSync(["true"]).pid);
  const taken = takeLock("worker", path);
  const waiting = Symbol("waiting");
  expect(await Promise.race([taken, severalLooks(waiting)])).toBe(waiting);
  release(holder);
  held(await taken);
});

test("a holder that fails while it starts leaves the lock to the one that waits", async () => {
  const path = `${directory()}/pid`;
  const holder = held(tryLock(path));
  const taken = takeLock("worker", path);
  release(holder);
  held(await taken);
  expect(tryLock(path)).toBeNull();
});

test("those who only look do not keep anybody from starting", async () => {
  const path = `${directory()}/pid`;
  writeFileSync(path, "");
  const looker = openSync(path, "r");
  try {
    expect(flock(looker, { exclusive: false, wait: false })).toBe(true);
    const taken = takeLock("worker", path);
    expect(await Promise.race([taken, severalLooks("waiting")])).toBe("waiting");
    unlockFile(looker);
    held(await taken);
  } finally {
    closeSync(looker);
  }
});

/** Settles when a starter, which looks every few milliseconds, has looked many times. */
async function severalLooks<T>(value: T): Promise<T> {
  await Bun.sleep(60);
  return value;
}
