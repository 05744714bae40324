import { expect, test } from "bun:test";
import {
  checkSocketPath,
  directoriesFor,
  maximumSocketPathBytes,
  pathsFor,
  type Surroundings,
} from "../../src/daemon/paths.ts";

function surroundings(given: Partial<Surroundings>): Surroundings {
  return { uid: 1000, environment: { HOME: "/home/me" }, runtimeDirectoryLasts: () => false, ...given };
}

const everywhere = (path: string) => ({ runtime: path, logs: path, state: path });

test("--dir holds everything, and wins over DJOB_DIR", () => {
  const environment = { DJOB_DIR: "/from/environment" };
  expect(directoriesFor("/srv/x", surroundings({ environment }))).toEqual(everywhere("/srv/x"));
  expect(directoriesFor(null, surroundings({ environment }))).toEqual(everywhere("/from/environment"));
});

test("root has the system's directories", () => {
  expect(directoriesFor(null, surroundings({ uid: 0 }))).toEqual({
    runtime: "/run/djob",
    logs: "/var/log/djob",
    state: "/var/lib/djob",
  });
});

test("others have their state directory, and a runtime directory only if it outlives the login", () => {
  const environment = { HOME: "/home/me", XDG_RUNTIME_DIR: "/run/user/1000" };
  expect(directoriesFor(null, surroundings({ environment }))).toEqual(
    everywhere("/home/me/.local/state/djob"),
  );
  const lasting = surroundings({ environment, runtimeDirectoryLasts: (path) => path === "/run/user/1000" });
  expect(directoriesFor(null, lasting).runtime).toBe("/run/user/1000/djob");
});

test("without XDG_RUNTIME_DIR, as under cron, the usual one is looked at", () => {
  const looked: string[] = [];
  const look = (path: string) => looked.push(path) > 0;
  expect(directoriesFor(null, surroundings({ runtimeDirectoryLasts: look })).runtime).toBe(
    "/run/user/1000/djob",
  );
  expect(looked).toEqual(["/run/user/1000"]);
});

test("XDG_STATE_HOME is honoured, and a relative one is ignored", () => {
  const at = (state: string) =>
    directoriesFor(null, surroundings({ environment: { HOME: "/home/me", XDG_STATE_HOME: state } })).state;
  expect(at("/data/state")).toBe("/data/state/djob");
  expect(at("relative")).toBe("/home/me/.local/state/djob");
});

test("systemd's directories win, the first of several", () => {
  const environment = {
    RUNTIME_DIRECTORY: "/run/shop:/run/other",
    LOGS_DIRECTORY: "/var/log/shop",
    STATE_DIRECTORY: "relative",
  };
  expect(directoriesFor(null, surroundings({ uid: 0, environment }))).toEqual({
    runtime: "/run/shop",
    logs: "/var/log/shop",
    state: "/var/lib/djob",
  });
});

test("whoever has no home is told what to set", () => {
  expect(() => directoriesFor(null, surroundings({ environment: {} }))).toThrow(
    "neither HOME nor XDG_STATE_HOME is set",
  );
});

test("a daemon's files carry its name", () => {
  expect(pathsFor("web", { runtime: "/r", logs: "/l", state: "/s" })).toEqual({
    pidfile: "/r/web.pid",
    socket: "/r/web.sock",
    log: "/l/web.log",
    logErr: null,
    history: "/s/web.db",
  });
});

test("a daemon that is another user has its run history in a directory of its own", () => {
  const directories = { runtime: "/r", logs: "/l", state: "/s" };
  expect(pathsFor("web", directories, true).history).toBe("/s/web.history/web.db");
});

test("a socket's path must fit into its address, counted in bytes", () => {
  expect(() => checkSocketPath(`/${"x".repeat(maximumSocketPathBytes - 1)}`)).not.toThrow();
  expect(() => checkSocketPath(`/${"x".repeat(maximumSocketPathBytes)}`)).toThrow(/its path has \d+ bytes/);
  expect(() => checkSocketPath(`/${"ü".repeat(maximumSocketPathBytes / 2 + 1)}`)).toThrow(/its path has/);
});
