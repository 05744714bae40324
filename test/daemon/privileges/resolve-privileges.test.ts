import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { Attributes, PrivilegeRequest } from "../../../src/daemon/privileges/privileges.ts";
import {
  type Machine,
  parseProcessors,
  resolvePrivileges,
} from "../../../src/daemon/privileges/resolve-privileges.ts";
import { directory, refusalOf } from "../files.ts";
import { noAttributes as none } from "./no-attributes.ts";

const www = { name: "www", uid: 33, gid: 34, home: "/srv", shell: "/bin/sh" };
const digits = { name: "4711", uid: 99, gid: 98, home: "", shell: "" };
const accounts = [www, digits];
const groups = [
  { name: "www", gid: 34 },
  { name: "logs", gid: 40 },
];
const machine: Machine = {
  isRoot: true,
  isLinux: true,
  powers: () => ({ capabilities: null, nice: 0, oomScore: 0 }),
  findUser: (key) => accounts.find(({ name, uid }) => key === name || key === uid) ?? null,
  findGroup: (key) => groups.find(({ name, gid }) => key === name || key === gid) ?? null,
  onlineProcessors: () => new Set([0, 1, 2]),
  mostOpenFiles: () => 1000,
};

function resolve(request: Partial<PrivilegeRequest>, changes: Partial<Machine> = {}) {
  const all = { user: null, group: null, chroot: null, attributes: none, ...request };
  return resolvePrivileges(all, { ...machine, ...changes });
}

const wwwUser = { uid: 33, name: "www", home: "/srv", shell: "/bin/sh" };
const nameless = { name: null, home: "/", shell: "/bin/sh" };

test.each([
  [{ user: "www" }, { user: wwwUser, gid: 34 }],
  [{ user: "33" }, { user: wwwUser, gid: 34 }],
  [
    { user: "www", group: "logs" },
    { user: wwwUser, gid: 40 },
  ],
  [
    { user: "www", group: "40" },
    { user: wwwUser, gid: 40 },
  ],
  [
    { user: "1234", group: "5678" },
    { user: { ...nameless, uid: 1234 }, gid: 5678 },
  ],
  [{ user: "4711" }, { user: { uid: 99, name: "4711", home: "/", shell: "/bin/sh" }, gid: 98 }],
  [{ group: "logs" }, { user: null, gid: 40 }],
  [{}, null],
])("%j is resolved to numbers, a name before a number", (request, identity) => {
  expect(resolve(request)).toEqual({ identity, chroot: null, attributes: none });
});

describe("is refused with exit 2:", () => {
  test.each([
    ["an unknown user", { user: "nobody-here" }, 'there is no user "nobody-here"'],
    ["an unknown group", { user: "www", group: "nope" }, 'there is no group "nope"'],
    ["a number without an account or group", { user: "1234" }, "its group is not known"],
    ["a number that means nobody", { user: "4294967295", group: "1" }, "is no number of a user"],
    ["a number that is too long", { group: "99999999999999999999" }, "is no number of a group"],
    ["a negative number", { user: "-1" }, 'there is no user "-1"'],
    ["a processor that is not there", { attributes: { ...none, processors: [1, 3] } }, "--cpus 3"],
    [
      "more open files than the kernel allows",
      { attributes: { ...none, limits: [{ name: "nofile", soft: 5, hard: 1001 }] } },
      "--rlimit nofile may be 1000 at most",
    ],
    [
      "open files without a limit",
      { attributes: { ...none, limits: [{ name: "nofile", soft: 5, hard: null }] } },
      "--rlimit nofile may be 1000 at most",
    ],
  ] as const)("%s", (_what, request, why) => {
    const error = refusalOf(() => resolve(request));
    expect(error.code).toBe(2);
    expect(error.message).toContain(why);
    expect(error.hint).toBeString();
  });

  test.each([
    [{ nice: 1, ioPriority: { ioClass: "idle", level: 0 } }, "--ioprio"],
    [{ scheduler: { policy: "batch", priority: 0 } }, "--sched"],
    [{ noNewPrivileges: true }, "--no-new-privs"],
    [{ processors: [0] }, "--cpus"],
    [{ oomScore: 0 }, "--oom-score"],
  ] as const)("%j where there is no Linux", (changes, flag) => {
    const error = refusalOf(() => resolve({ attributes: { ...none, ...changes } }, { isLinux: false }));
    expect(error).toMatchObject({ code: 2, message: `only Linux has ${flag}` });
  });
});

test("what this machine does not tell is left to the kernel", () => {
  const limits = [{ name: "nofile", soft: 5, hard: null }] as const;
  const attributes = { ...none, processors: [77], limits };
  const unknown = { onlineProcessors: () => null, mostOpenFiles: () => null };
  expect(resolve({ attributes }, unknown).attributes).toEqual(attributes);
});

test("without root, each of them is refused with exit 4", () => {
  for (const request of [{ user: "www" }, { group: "logs" }, { attributes: { ...none, nice: 5 } }]) {
    expect(refusalOf(() => resolve(request, { isRoot: false }))).toMatchObject({
      code: 4,
      message: expect.stringMatching(/^cannot change privileges: only root may use --user, /),
    });
  }
});

describe("root that lacks a capability, as in a container, is refused with exit 4", () => {
  const all = (1n << 41n) - 1n;
  test.each([
    ["--user", "CAP_SETUID", 7, { user: "www" }],
    ["--user", "CAP_SETGID", 6, { user: "www" }],
    ["--group", "CAP_SETGID", 6, { group: "logs" }],
    ["--chroot", "CAP_SYS_CHROOT", 18, { chroot: "/" }],
    ["--nice", "CAP_SYS_NICE", 23, { attributes: { ...none, nice: 4 } }],
    [
      "--ioprio",
      "CAP_SYS_NICE",
      23,
      { attributes: { ...none, ioPriority: { ioClass: "realtime", level: 0 } } },
    ],
    ["--sched", "CAP_SYS_NICE", 23, { attributes: { ...none, scheduler: { policy: "rr", priority: 1 } } }],
    ["--oom-score", "CAP_SYS_RESOURCE", 24, { attributes: { ...none, oomScore: 9 } }],
  ] as const)("for %s without %s", (flag, capability, bit, request) => {
    const powers = (capabilities: bigint) => ({ powers: () => ({ capabilities, nice: 5, oomScore: 10 }) });
    expect(refusalOf(() => resolve(request, powers(all & ~(1n << BigInt(bit)))))).toMatchObject({
      code: 4,
      message: `cannot use ${flag}: root lacks ${capability} here`,
    });
    expect(resolve(request, powers(all)).attributes).toBeObject();
  });

  test("but not for what needs none: going down", () => {
    const attributes: Attributes = {
      ...none,
      nice: 5,
      oomScore: 10,
      scheduler: { policy: "batch", priority: 0 },
      ioPriority: { ioClass: "idle", level: 0 },
    };
    const powers = () => ({ capabilities: 0n, nice: 5, oomScore: 10 });
    expect(resolve({ attributes }, { powers }).attributes).toEqual(attributes);
  });
});

describe("a root directory", () => {
  test("that is a directory is taken as it is", () => {
    const root = directory();
    expect(resolve({ chroot: root }).chroot).toBe(root);
  });

  test("that is missing, or a file, is refused with exit 2", () => {
    const root = directory();
    writeFileSync(`${root}/file`, "");
    for (const path of [`${root}/missing`, `${root}/file`]) {
      expect(refusalOf(() => resolve({ chroot: path }))).toMatchObject({
        code: 2,
        message: `--chroot ${path} is not a directory`,
      });
    }
  });

  test("that others could change, or point elsewhere, is refused with exit 4", () => {
    const root = directory();
    mkdirSync(`${root}/open`);
    chmodSync(`${root}/open`, 0o777);
    symlinkSync("/usr", `${root}/link`);
    for (const path of [`${root}/open`, `${root}/link`]) {
      expect(refusalOf(() => resolve({ chroot: path })).code).toBe(4);
    }
  });

  if (process.geteuid?.() === 0) {
    test("that belongs to another user is refused with exit 4", () => {
      const root = directory();
      chownSync(root, 65_534, 65_534);
      const { code, message } = refusalOf(() => resolve({ chroot: root }));
      expect({ code, message }).toMatchObject({ code: 4, message: expect.stringContaining("user 65534") });
    });
  }
});

test.each([
  ["0", [0]],
  ["0,2-3", [0, 2, 3]],
  ["3,1,1-2", [1, 2, 3]],
  ["", null],
  ["a", null],
  ["1-", null],
  ["-1", null],
  ["3-1", null],
  ["0,,1", null],
  ["0-9", null],
  ["9", null],
  ["0 ", null],
])("the list of processors %p, of 8 at most, is %p", (text, processors) => {
  expect(parseProcessors(text, 8)).toEqual(processors);
});
