import { expect, test } from "bun:test";
import { findGroup, findUser, groupsOf, highestId } from "../../src/libc/accounts.ts";

function output(...command: string[]): string {
  return Bun.spawnSync(command).stdout.toString().trim();
}

test("root is known by name and by number", () => {
  const [, , uid, gid, , home, shell] = output("getent", "passwd", "root").split(":");
  const root = { name: "root", uid: Number(uid), gid: Number(gid), home: home ?? "", shell: shell ?? "" };
  expect(findUser("root")).toEqual(root);
  expect(findUser(0)).toEqual(root);
});

test("every account and group of this machine comes out as getent(1) has it", () => {
  for (const line of output("getent", "passwd").split("\n")) {
    const [name = "", , uid, gid, , home, shell] = line.split(":");
    expect(findUser(name)).toMatchObject({ name, uid: Number(uid), gid: Number(gid), home, shell });
    expect(groupsOf(name, Number(gid)).sort()).toEqual(
      output("id", "-G", name).split(" ").map(Number).sort(),
    );
  }
  for (const line of output("getent", "group").split("\n")) {
    const [name = "", , gid] = line.split(":");
    expect(findGroup(name)).toEqual({ name, gid: Number(gid) });
    expect(findGroup(Number(gid))?.gid).toBe(Number(gid));
  }
});

test("who is not known is null", () => {
  expect(findUser("djob-no-such-user")).toBeNull();
  expect(findUser(highestId)).toBeNull();
  expect(findGroup("djob-no-such-group")).toBeNull();
  expect(findGroup(highestId)).toBeNull();
});

test("what C would take for something else never reaches it", () => {
  for (const wrong of [Number.NaN, -1, 2 ** 32 - 1, 2 ** 32, 0.5]) {
    expect(() => findUser(wrong)).toThrow(/id must be/);
    expect(() => findGroup(wrong)).toThrow(/id must be/);
    expect(() => groupsOf("root", wrong)).toThrow(/gid must be/);
  }
  for (const wrong of ["", "root\0x"]) {
    expect(() => findUser(wrong)).toThrow(/name must/);
    expect(() => findGroup(wrong)).toThrow(/name must/);
    expect(() => groupsOf(wrong, 0)).toThrow(/name must/);
  }
});
