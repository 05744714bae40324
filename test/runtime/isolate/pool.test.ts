// Who waits for runs, who is used again, and who is started in whose place: with places that are told what to say.
import { describe, expect, test } from "bun:test";
import type { FromHost, ToHost } from "../../../src/runtime/isolate/messages.ts";
import type { PlaceEnd, PlaceListener } from "../../../src/runtime/isolate/place.ts";
import { Pool } from "../../../src/runtime/isolate/pool.ts";
import type { Ending } from "../../../src/runtime/running/execution.ts";
import { until } from "../../e2e/harness.ts";

class FakePlace {
  readonly heard: ToHost[] = [];
  isKilled = false;
  isWatched = false;
  over: (what: string) => void = () => {};
  readonly #listener: PlaceListener;

  constructor(listener: PlaceListener) {
    this.#listener = listener;
  }

  send(message: ToHost): void {
    this.heard.push(message);
  }

  kill(): void {
    this.isKilled = true;
  }

  watchMemory(_limitBytes: number, over: (what: string) => void): () => void {
    this.isWatched = true;
    this.over = over;
    return () => {
      this.isWatched = false;
    };
  }

  measured(): void {}

  says(...messages: FromHost[]): void {
    for (const message of messages) this.#listener.heard(JSON.stringify(message));
  }

  ends(end: PlaceEnd | null): void {
    this.#listener.ended(end);
  }
}

const request = {
  job: "work",
  id: "work@x",
  attempt: 1,
  scheduledAtMs: 0,
  startedAtMs: 0,
  lastSuccessMs: null,
  input: undefined,
  state: undefined,
};
const none = { maxMemoryBytes: null, maxCpuMs: null };
const done: FromHost = { type: "succeeded", result: "1", state: null };
const rested = (reusable: boolean): FromHost => ({ type: "rested", reusable });

function bench(how: "thread" | "process" = "thread", warm = 1) {
  const places: FakePlace[] = [];
  const told: string[] = [];
  const start = (listener: PlaceListener) => {
    const place = new FakePlace(listener);
    places.push(place);
    return place;
  };
  const pool = new Pool(how, "/m.ts", start, (_level, text) => told.push(text));
  pool.want(warm);
  const place = (index: number) => {
    const found = places[index];
    if (found === undefined) throw new Error(`there is no place ${index}`);
    return found;
  };
  /** Runs something in the next place. */
  const run = (limits: Parameters<ReturnType<Pool["take"]>["run"]>[1] = none) => {
    const lines: string[] = [];
    const ended: Ending[] = [];
    const instance = pool.take();
    instance.run(request, limits, { line: (_level, text) => lines.push(text) }, (end) => ended.push(end));
    return { instance, lines, ended };
  };
  return { pool, places, place, told, run };
}

describe("a pool", () => {
  test("keeps as many as are wanted, each with the module loaded, and uses one again that has rested", () => {
    const { pool, places, place, run } = bench("thread", 2);
    expect(places).toHaveLength(0);
    pool.fill();
    expect(places).toHaveLength(2);
    expect(place(0).heard).toEqual([{ type: "load", module: "/m.ts" }]);
    place(0).says({ type: "loaded" });
    const first = run();
    expect(place(0).heard.at(-1)).toEqual({ type: "run", request, maxCpuMs: null });
    place(0).says({ type: "line", level: "info", text: "hello", apart: null }, done);
    expect(first.lines).toEqual(["hello"]);
    expect(first.ended).toEqual([{ type: "succeeded", result: 1, state: undefined, exitCode: null }]);
    place(0).says(rested(true));
    expect(run().ended).toEqual([]);
    expect(place(0).heard.filter(({ type }) => type === "run")).toHaveLength(2);
    pool.close();
    expect(place(1).isKilled).toBe(true);
  });

  test("starts another in place of one that may not be used again, and of one that runs for long", async () => {
    const { pool, places, place, run } = bench();
    pool.fill();
    run();
    expect(places).toHaveLength(1);
    await until("a second one waits", () => places.length === 2);
    place(0).says(done, rested(false));
    expect(place(0).isKilled).toBe(true);
    run();
    place(1).says(done, rested(false));
    await until("a third one waits", () => places.length === 3);
    pool.close();
  });

  test("never uses one again that was ended, though its last words come after that", () => {
    const { pool, places, place, run } = bench();
    const { instance, ended } = run();
    instance.kill("enough");
    place(0).says(done, rested(true));
    expect(ended).toMatchObject([{ type: "succeeded" }]);
    run();
    expect(places).toHaveLength(2);
    place(0).ends({ exitCode: 0, signal: null });
    pool.close();
  });

  test("never uses a process again", () => {
    const { pool, place, run } = bench("process");
    pool.fill();
    run();
    place(0).says(done, rested(true));
    expect(place(0).isKilled).toBe(true);
    pool.close();
  });

  test("starts none by itself once one that waited has ended: the next run does", async () => {
    const { pool, places, place, told, run } = bench();
    pool.fill();
    place(0).says({
      type: "crashed",
      what: "uncaught exception",
      error: { error: null, shown: "oh", value: null },
    });
    expect(told).toEqual([
      "the thread that waits for isolated runs of /m.ts ended after an uncaught exception: oh",
    ]);
    expect(place(0).isKilled).toBe(true);
    pool.fill();
    expect(places).toHaveLength(1);
    run();
    expect(places).toHaveLength(2);
    await until("another waits again", () => places.length === 3);
    pool.close();
  });

  test("that is closed lets runs end, and keeps nobody after that", () => {
    const { pool, places, place, run } = bench();
    pool.fill();
    const { ended } = run();
    pool.close();
    expect(place(0).isKilled).toBe(false);
    place(0).says(done, rested(true));
    expect(ended).toHaveLength(1);
    expect(place(0).isKilled).toBe(true);
    pool.fill();
    expect(places).toHaveLength(1);
  });
});

describe("a run", () => {
  test("whose module does not load has failed with why, and no other is started for it", () => {
    const { pool, places, place, run } = bench("thread", 1);
    const { ended } = run();
    const failure = {
      module: "/m.ts",
      message: "no",
      location: null,
      sourceLine: null,
      stack: null,
      hint: null,
    };
    place(0).says({ type: "unloadable", failure });
    expect(ended).toMatchObject([{ type: "failed", error: { name: "IsolationError" } }]);
    pool.fill();
    expect(places).toHaveLength(1);
    pool.close();
  });

  test("is over once, whatever is said after its end", () => {
    const { pool, place, run } = bench();
    const { ended, lines } = run();
    place(0).says(
      done,
      done,
      { type: "line", level: "info", text: "late", apart: null },
      { type: "exiting", code: 1, stack: null },
    );
    place(0).ends({ exitCode: 1, signal: null });
    expect(ended).toHaveLength(1);
    expect(lines).toEqual([]);
    pool.close();
  });

  test.each([
    ["thread", { exitCode: 3, signal: null }, "its thread ended with exit code 3", null],
    ["process", { exitCode: 3, signal: null }, "its process ended with exit code 3", 3],
    ["process", { exitCode: null, signal: "SIGSEGV" }, "its process was killed by SIGSEGV", null],
    ["process", { exitCode: null, signal: "SIGKILL", why: "it hid" }, "it hid", null],
  ] as const)("of a %s that ends with %j has failed: %s", (how, end, message, exitCode) => {
    const { pool, place, run } = bench(how);
    const { ended } = run();
    place(0).ends(end);
    expect(ended).toMatchObject([{ type: "failed", error: { message }, exitCode }]);
    pool.close();
  });

  test("with a limit is watched until it is over, and ended when it has too much", () => {
    const { pool, place, run } = bench();
    const { ended } = run({ ...none, maxMemoryBytes: 5 });
    expect(place(0).isWatched).toBe(true);
    place(0).over("it had 6M");
    expect(place(0).isKilled).toBe(true);
    expect(ended).toEqual([]);
    place(0).ends(null);
    const stuck = " (it is in a call that can't be ended, and goes on)";
    expect(ended).toMatchObject([{ error: { message: `it had 6M: its thread was ended${stuck}` } }]);
    expect(place(0).isWatched).toBe(false);
    pool.close();
  });
});
