import { describe, expect, test } from "bun:test";
import { dropPrivileges, type PrivilegeSystem } from "../../../src/daemon/privileges/drop.ts";
import type { Privileges } from "../../../src/daemon/privileges/privileges.ts";
import { refusalOf } from "../files.ts";
import { noAttributes } from "./no-attributes.ts";

const user = { uid: 1234, name: "www", home: "/srv", shell: "/bin/sh" };
const dropped: Privileges = { identity: { user, gid: 5678 }, chroot: "/jail", attributes: noAttributes };

/** A kernel that does what it is told, and notes it. */
class FakeKernel implements PrivilegeSystem {
  readonly calls: string[] = [];
  uid = 0;
  gid = 0;
  groups: readonly number[] = [0];

  groupsOf(name: string, gid: number): readonly number[] {
    this.calls.push(`groupsOf ${name} ${gid}`);
    return [gid, 7];
  }
  changeRoot(path: string): void {
    this.calls.push(`chroot ${path}`);
  }
  enterDirectory(path: string): void {
    this.calls.push(`chdir ${path}`);
  }
  setSupplementaryGroups(groups: readonly number[]): void {
    this.calls.push(`setgroups ${groups}`);
    this.groups = groups;
  }
  setGroup(gid: number): void {
    this.calls.push(`setresgid ${gid}`);
    this.gid = gid;
  }
  setUser(uid: number): void {
    this.calls.push(`setresuid ${uid}`);
    this.uid = uid;
  }
  userIds() {
    return [this.uid, this.uid, this.uid] as const;
  }
  groupIds() {
    return [this.gid, this.gid, this.gid] as const;
  }
  supplementaryGroups(): readonly number[] {
    return this.groups;
  }
  canBecomeRoot(): boolean {
    this.calls.push("setuid 0");
    return this.uid === 0;
  }
  becomeDumpable(): void {
    this.calls.push("dumpable");
  }
}

function drop(privileges: Privileges | null, changes: Partial<PrivilegeSystem> = {}): string[] {
  const kernel = Object.assign(new FakeKernel(), changes);
  dropPrivileges(privileges, kernel);
  return kernel.calls;
}

describe("the order in which root is given up", () => {
  test("groups are looked up outside, the root directory changes, and the user is last", () => {
    expect(drop(dropped)).toEqual([
      "groupsOf www 5678",
      "chroot /jail",
      "chdir /",
      "setgroups 5678,7",
      "setresgid 5678",
      "setresuid 1234",
      "setuid 0",
      "dumpable",
    ]);
  });

  test("a number without an account has its one group", () => {
    const identity = { user: { ...user, name: null }, gid: 5678 };
    expect(drop({ ...dropped, identity, chroot: null })).toEqual([
      "setgroups 5678",
      "setresgid 5678",
      "setresuid 1234",
      "setuid 0",
      "dumpable",
    ]);
  });

  test("a group alone leaves root its user", () => {
    expect(drop({ identity: { user: null, gid: 5 }, chroot: null, attributes: noAttributes })).toEqual([
      "setgroups 5",
      "setresgid 5",
    ]);
  });

  test("root as the user is not asked to prove that it is not root", () => {
    const identity = { user: { ...user, uid: 0, name: "root" }, gid: 0 };
    expect(drop({ identity, chroot: null, attributes: noAttributes })).toEqual([
      "groupsOf root 0",
      "setgroups 0,7",
      "setresgid 0",
      "setresuid 0",
    ]);
  });

  test("a root directory alone changes nobody", () => {
    expect(drop({ identity: null, chroot: "/jail", attributes: noAttributes })).toEqual([
      "chroot /jail",
      "chdir /",
    ]);
  });

  test("no privileges in the spec, or only attributes: nothing is called", () => {
    expect(drop(null)).toEqual([]);
    expect(drop({ identity: null, chroot: null, attributes: noAttributes })).toEqual([]);
  });

  test("who is that user already, after an execve in place, is left as it is", () => {
    const kernel = Object.assign(new FakeKernel(), { uid: 1234 });
    dropPrivileges(dropped, kernel);
    expect(kernel.calls).toEqual([]);
  });
});

describe("a kernel that lies is not believed:", () => {
  const refused: ReadonlyArray<readonly [what: string, changes: Partial<PrivilegeSystem>, why: string]> = [
    [
      "a user that did not change",
      { setUser: () => {} },
      "its real, effective and saved user are 0, 0 and 0, not 1234",
    ],
    [
      "a saved user that stays root",
      { userIds: () => [1234, 1234, 0] },
      "its real, effective and saved user are 1234, 1234 and 0, not 1234",
    ],
    [
      "a saved group that stays root's",
      { groupIds: () => [5678, 5678, 0] },
      "its real, effective and saved group are 5678, 5678 and 0, not 5678",
    ],
    [
      "a group of root's that stays",
      { setSupplementaryGroups: () => {} },
      "its groups are 0 instead of 7, 5678",
    ],
    ["a way back", { canBecomeRoot: () => true }, "it could become root again"],
  ];
  test.each(refused)("%s", (_what, changes, why) => {
    const error = refusalOf(() => drop(dropped, changes));
    expect(error).toMatchObject({ code: 4, message: `cannot give up root: ${why}` });
  });

  const calls = ["changeRoot", "enterDirectory", "setSupplementaryGroups", "setGroup", "setUser"] as const;
  test.each([...calls, "groupsOf"] as const)("nothing comes after a %s that fails", (name) => {
    const kernel = new FakeKernel();
    const fail = () => {
      kernel.calls.push("failed");
      throw new Error("no");
    };
    expect(() => dropPrivileges(dropped, Object.assign(kernel, { [name]: fail }))).toThrow("no");
    expect(kernel.calls.at(-1)).toBe("failed");
  });
});
