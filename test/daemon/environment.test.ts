import { describe, expect, test } from "bun:test";
import {
  daemonEnvironment,
  type EnvironmentRequest,
  runtimeVariables,
  serviceVariables,
  sessionVariables,
  withoutSmallHeap,
  withSmallHeap,
} from "../../src/daemon/environment.ts";

function environment(request: Partial<EnvironmentRequest>) {
  return daemonEnvironment({
    inherited: {},
    foreground: false,
    assignments: [],
    timeZone: null,
    ...request,
  });
}

const all = (names: Iterable<string>) => Object.fromEntries([...names].map((name) => [name, "x"]));

test("what has nothing to do with the terminal, the login or another service passes", () => {
  const inherited = { PATH: "/bin", HOME: "/root", LANG: "C", TZ: "UTC", DATABASE_URL: "x", EMPTY: "" };
  expect(environment({ inherited })).toEqual(inherited);
});

test("the terminal's, the login's and another service's variables stay behind", () => {
  expect(environment({ inherited: all([...sessionVariables, ...serviceVariables]) })).toEqual({});
});

test("no stray setting passes for what a leader is told", () => {
  expect(environment({ inherited: { DJOB_ATTRIBUTES: '{"nice":5}', DJOB_STAGE: "leader" } })).toEqual({});
});

test("in the foreground they pass: the service is djob", () => {
  const inherited = all([...sessionVariables, ...serviceVariables]);
  expect(environment({ inherited, foreground: true })).toEqual(inherited);
});

test("what steers the runtime never passes by itself", () => {
  for (const foreground of [false, true]) {
    expect(environment({ inherited: all(runtimeVariables), foreground })).toEqual({});
  }
});

test("what the user sets passes whatever it is, and the last one wins", () => {
  const assignments = [
    ["TERM", "dumb"],
    ["PORT", "1"],
    ["PORT", "2"],
  ] as const;
  expect(environment({ inherited: { PORT: "0" }, assignments })).toEqual({ TERM: "dumb", PORT: "2" });
});

test("--tz wins over every TZ", () => {
  const assignments = [["TZ", "Asia/Tokyo"]] as const;
  expect(environment({ inherited: { TZ: "UTC" }, assignments, timeZone: "Europe/Berlin" })).toEqual({
    TZ: "Europe/Berlin",
  });
});

test("a variable without a value or a name is none", () => {
  expect(environment({ inherited: { GONE: undefined, "": "x" } })).toEqual({});
});

describe("what makes a supervisor small", () => {
  test("never reaches its worker", () => {
    const environment = { PATH: "/bin", BUN_JSC_useDFGJIT: "0" };
    const own = withSmallHeap(environment);
    expect(Object.keys(own).length).toBeGreaterThan(Object.keys(environment).length);
    expect(withoutSmallHeap(own)).toEqual(environment);
  });

  test("gives way to what a user chose, which the worker gets", () => {
    const environment = { BUN_JSC_forceMiniVMMode: "0", BUN_JSC_useConcurrentJIT: "1" };
    expect(withSmallHeap(environment)).toEqual(environment);
    expect(withoutSmallHeap(environment)).toEqual(environment);
  });
});
