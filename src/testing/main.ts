// The module "djob/testing", and what the module "djob" gives in a test. It is made into one file, which `djob test` preloads and
// `djob types --install` puts beside a user's own.
import { test as bunTest, onTestFinished } from "bun:test";
import { dirname, resolve } from "node:path";
import type { JobTest, TestOptions } from "djob/testing";
import { locationIn } from "../runtime/failure.ts";
import { Bench, timeOf } from "./bench.ts";
import { loadAfresh } from "./fresh.ts";
import { Room } from "./room.ts";

type Body = (bench: JobTest) => unknown;
type Register = (name: string, run: () => Promise<void>, timeout?: number) => void;

let current: Room | null = null;

/** Where the module "djob" finds what it gives: a test's modules are loaded by whoever has this one. */
Reflect.set(globalThis, Symbol.for("djob"), {
  // A test may import a module itself, for a function of it: then its jobs are nobody's.
  job: (...given: unknown[]) => current?.registry.add(...given),
  hooks: (given: unknown) => current?.registry.addHooks(given),
  sockets: [],
});

export const test = Object.assign(testWith(bunTest as Register), {
  only: testWith((...given) => (bunTest.only as Register)(...given)),
  skip: testWith((...given) => (bunTest.skip as Register)(...given)),
});

export async function loadJobs(
  modules: string | readonly string[],
  options: Omit<TestOptions, "timeout"> = {},
): Promise<Bench & AsyncDisposable> {
  const { bench, close } = await open(pathsOf(modules, callerOf(loadJobs)), options);
  return Object.assign(bench, { [Symbol.asyncDispose]: close });
}

function testWith(register: Register) {
  const declare = (
    name: string,
    modules: string | readonly string[],
    ...rest: [Body] | [TestOptions, Body]
  ) => {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const paths = pathsOf(modules, callerOf(declare));
    const run = async () => {
      const { bench, close } = await open(paths, options);
      // Also of a test that takes too long.
      onTestFinished(close);
      await body(bench);
    };
    register(name, run, options.timeout);
  };
  return declare;
}

async function open(paths: readonly string[], { now, host = "test", fakeTimers = false }: TestOptions) {
  if (current !== null)
    throw new Error("the jobs of another test are still loaded: there is one clock, so one test at a time");
  const nowMs = now === undefined ? Math.floor(Date.now() / 1000) * 1000 : timeOf(now);
  const room = new Room({ nowMs, host, fakeTimers });
  current = room;
  const close = async () => {
    if (current !== room) return;
    current = null;
    await room.close();
  };
  try {
    await loadAfresh(paths, room.registry);
  } catch (error) {
    await close();
    throw error;
  }
  return { bench: new Bench(room), close };
}

function pathsOf(modules: string | readonly string[], from: string): readonly string[] {
  const all = typeof modules === "string" ? [modules] : modules;
  return all.map((path) => resolve(dirname(from), path));
}

/** The file that has called a function of this one. */
function callerOf(callee: (...given: never[]) => unknown): string {
  const here = { stack: "" };
  Error.captureStackTrace(here, callee);
  return locationIn(here.stack)?.file ?? resolve("unknown");
}
