import { expect, test } from "bun:test";
import {
  attributesOf,
  environmentFor,
  ownerOf,
  type Privileges,
} from "../../../src/daemon/privileges/privileges.ts";
import { noAttributes } from "./no-attributes.ts";

const privileges: Privileges = {
  identity: { user: { uid: 7, name: "www", home: "/srv", shell: "/bin/sh" }, gid: 8 },
  chroot: null,
  attributes: { ...noAttributes, nice: 1 },
};
const groupOnly: Privileges = { ...privileges, identity: { user: null, gid: 8 } };

test("files belong to the user that a daemon becomes, else to whoever starts it", () => {
  expect(ownerOf(privileges)).toEqual({ uid: 7, gid: 8 });
  expect(ownerOf(groupOnly)).toBeNull();
  expect(ownerOf(null)).toBeNull();
});

test("attributes are those that were asked for", () => {
  expect(attributesOf(privileges)).toBe(privileges.attributes);
  expect(attributesOf(null)).toBeNull();
});

test("the new user's variables take the place of root's, and nothing leads to root's directories", () => {
  const inherited = {
    HOME: "/root",
    USER: "root",
    PATH: "/bin",
    XDG_RUNTIME_DIR: "/run/user/0",
    XDG_CONFIG_HOME: "/root/.config",
    DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/0/bus",
  };
  const user = { HOME: "/srv", USER: "www", LOGNAME: "www", SHELL: "/bin/sh" };
  expect(environmentFor(privileges, inherited)).toEqual({ PATH: "/bin", ...user });
  expect(environmentFor(groupOnly, inherited)).toBe(inherited);
  expect(environmentFor(null, inherited)).toBe(inherited);
});

test("a user without an account is called by its number", () => {
  const user = { uid: 7, name: null, home: "/", shell: "/bin/sh" };
  const variables = environmentFor({ ...privileges, identity: { user, gid: 8 } }, {});
  expect(variables).toEqual({ HOME: "/", USER: "7", LOGNAME: "7", SHELL: "/bin/sh" });
});
