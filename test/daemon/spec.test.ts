import { expect, test } from "bun:test";
import {
  checkName,
  checkSpecSize,
  decodeSpec,
  encodeSpec,
  isSupervised,
  nameOfModule,
  restoreSpec,
  type Spec,
  specVersion,
} from "../../src/daemon/spec.ts";

const spec: Spec = {
  version: specVersion,
  name: "worker",
  modules: ["/srv/ünï/worker.ts"],
  systemCrontab: false,
  paths: { pidfile: "/a.pid", socket: "/a.sock", log: "/a.log", logErr: null, history: "/a.db" },
  foreground: false,
  workingDirectory: "/",
  umask: 0o022,
  timeZone: null,
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  restart: { policy: "on-failure", delayMs: 1_000, maximum: { count: 10, withinMs: 600_000 } },
  killMode: "all",
  stopSchedule: [
    { signal: "SIGTERM", waitMs: 10_000 },
    { signal: "SIGKILL", waitMs: 5_000 },
  ],
  watchdogMs: null,
  maximumMemoryBytes: null,
  history: { keepRuns: 1_000, keepForMs: null },
  log: {
    target: { type: "file" },
    form: "text",
    level: "debug",
    perJob: false,
    linesPerSecond: null,
    rotation: null,
  },
  redaction: { patterns: [], variables: [] },
  privileges: null,
  command: null,
};

test("a spec comes out of the chain as it went in", () => {
  expect(decodeSpec(encodeSpec(spec))).toEqual(spec);
});

test.each([null, 5, "text", {}, { ...spec, version: 1 }, [[]]])(
  "%p is not a spec of this version",
  (value) => {
    expect(() => restoreSpec(value)).toThrow(/^cannot use a spec of version /);
  },
);

test("a spec must fit into a pipe that nobody reads yet", () => {
  const path = `/${"x".repeat(999)}`;
  expect(() => checkSpecSize({ ...spec, modules: Array(59).fill(path) })).not.toThrow();
  expect(() => checkSpecSize({ ...spec, modules: Array(60).fill(path) })).toThrow(
    /^cannot start worker: its modules' paths, flags and command are too long \(\d+ bytes, at most 60000 together\)$/,
  );
});

test.each(["a", "A1", "worker", "web.2", "a_b-c", "7", "x".repeat(64)])("%p is a name", (name) => {
  expect(checkName(name)).toBe(name);
});

test.each(["", ".", "..", ".hidden", "-x", "_x", "a/b", "../x", "a b", "a\n", "ä", "x".repeat(65)])(
  "%p is no name",
  (name) => {
    expect(() => checkName(name)).toThrow(/^cannot use the name /);
  },
);

test.each([
  ["/srv/worker.ts", "worker"],
  ["/srv/worker.test.mjs", "worker.test"],
  ["/srv/crontab", "crontab"],
])("the module %s gives its daemon the name %s", (module, name) => {
  expect(nameOfModule(module)).toBe(name);
});

test.each(["/srv/my worker.ts", "/srv/.ts", "/srv/größe.ts", "/"])("%p can't give a name", (module) => {
  expect(() => nameOfModule(module)).toThrow(/^cannot use the name /);
});

test("a worker that nobody starts again is supervised only to be watched, or as process 1", () => {
  const alone: Spec = { ...spec, restart: { ...spec.restart, policy: "never" } };
  expect(isSupervised(alone, 100)).toBe(false);
  expect(isSupervised({ ...alone, watchdogMs: 30_000 }, 100)).toBe(true);
  expect(isSupervised({ ...alone, maximumMemoryBytes: 2 ** 29 }, 100)).toBe(true);
  expect(isSupervised({ ...alone, foreground: true }, 1)).toBe(true);
});
