// Who a command may be: decided for machines and daemons of every kind.
import { describe, expect, test } from "bun:test";
import { type Accounts, commandUser, withUser } from "../../../src/runtime/command/account.ts";

const users = [
  { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" },
  { name: "www", uid: 33, gid: 33, home: "/var/www", shell: "" },
  { name: "4711", uid: 50, gid: 50, home: "", shell: "/bin/sh" },
];
const groups = [
  { name: "www", gid: 33 },
  { name: "logs", gid: 7 },
];

function machine(uid: number, gid = uid, own: readonly number[] = [gid]): Accounts {
  return {
    findUser: (key) => users.find(({ name, uid: id }) => name === key || id === key) ?? null,
    findGroup: (key) => groups.find(({ name, gid: id }) => name === key || id === key) ?? null,
    groupsOf: (name, group) => (name === "www" ? [group, 7] : [group]),
    uid,
    gid,
    groups: () => own,
  };
}

describe("root's daemon", () => {
  test.each([
    ["www", { uid: 33, gid: 33, name: "www", home: "/var/www", shell: "/bin/sh" }],
    ["www:logs", { uid: 33, gid: 7, name: "www", home: "/var/www", shell: "/bin/sh" }],
    ["33", { uid: 33, gid: 33, name: "www", home: "/var/www", shell: "/bin/sh" }],
    ["4711", { uid: 50, gid: 50, name: "4711", home: "/", shell: "/bin/sh" }],
    ["1234:5678", { uid: 1234, gid: 5678, name: null, home: "/", shell: "/bin/sh" }],
    ["root:logs", { uid: 0, gid: 7, name: "root", home: "/root", shell: "/bin/bash" }],
  ])("becomes %s", (text, expected) => {
    expect(commandUser(text, machine(0))).toEqual({ ...expected, isOther: true });
  });

  test("is root already, unless it has other groups than root", () => {
    expect(commandUser("root", machine(0))).toMatchObject({ uid: 0, isOther: false });
    expect(commandUser("root", machine(0, 0, [0, 20]))).toMatchObject({ uid: 0, isOther: true });
  });
});

describe("another user's daemon", () => {
  test.each(["www", "33", "www:www", "www:33"])("is %s already", (text) => {
    expect(commandUser(text, machine(33))).toMatchObject({ uid: 33, isOther: false });
  });

  test.each(["root", "4711", "www:logs", "1234:5678"])("can't become %s", (text) => {
    expect(() => commandUser(text, machine(33))).toThrow(
      `a daemon of the user www can't run a command as ${text}: only root may become another user`,
    );
  });
});

test.each([
  ["nobody-here", 'there is no user "nobody-here" on this machine'],
  ["www:nope", 'there is no group "nope" on this machine'],
  ["1234", "the user 1234 has no account, so its group is not known"],
  ["4294967295:1", "user 4294967295 is no number of a user"],
  ["", 'the user "" is not USER or USER:GROUP'],
  [":www", 'the user ":www" is not USER or USER:GROUP'],
  ["www:", 'the user "www:" is not USER or USER:GROUP'],
  ["www:www:www", 'the user "www:www:www" is not USER or USER:GROUP'],
])("%p is refused", (text, why) => {
  expect(() => commandUser(text, machine(0))).toThrow(why);
});

test("an environment has its new user, and nothing of the session of the one before", () => {
  const owners =
    `DBUS_SESSION_BUS_ADDRESS KRB5CCNAME MAIL OLDPWD PWD SSH_AUTH_SOCK SSH_CONNECTION SUDO_COMMAND SUDO_UID SUDO_USER
    XAUTHORITY XDG_CACHE_HOME XDG_RUNTIME_DIR XDG_SESSION_ID`.split(/\s+/);
  const root = { HOME: "/root", USER: "root", LOGNAME: "root", SHELL: "/bin/bash" };
  const kept = { LANG: "C", PATH: "/bin", XDG_DATA_DIRS: "/usr/share", SUDOKU: "9", MAIL_HOST: "mail" };
  const before = { ...Object.fromEntries(owners.map((name) => [name, "x"])), ...root, ...kept };
  expect(withUser(before, { uid: 7, name: null, home: "/", shell: "/bin/sh" })).toEqual({
    HOME: "/",
    USER: "7",
    LOGNAME: "7",
    SHELL: "/bin/sh",
    ...kept,
  });
});
