// maxMemory of a thread: of its own heap, whatever others use, and without garbage.
import { describe, expect, test } from "bun:test";
import { workspace } from "./harness.ts";
import { start, triggered } from "./isolated.ts";

describe("memory of a thread", () => {
  const grow: ReadonlyArray<readonly [what: string, handler: string]> = [
    ["objects, without a pause", `const kept = []; for (;;) kept.push({ n: kept.length, list: [1, 2, 3] });`],
    ["buffers, without a pause", `const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));`],
    [
      "objects, a few at a time",
      `const kept = []; for (;;) { for (let n = 0; n < 1e5; n += 1) kept.push({ n, list: [1, 2, 3] }); await Bun.sleep(1); }`,
    ],
    [
      "buffers, a few at a time",
      `const kept = []; for (;;) { kept.push(new Uint8Array(1 << 20).fill(1)); await Bun.sleep(1); }`,
    ],
  ];
  test.each(grow)("that it fills with %s ends the run at maxMemory", async (_what, handler) => {
    const space = workspace();
    await start(space, handler, `maxMemory: "100M"`);
    const { workerPid } = await space.status("worker");
    const { run } = await triggered(space, "work");
    expect(run).toMatchObject({
      outcome: "failed",
      error: {
        message: expect.stringMatching(/^it had \d+M of memory, and may have 100M: its thread was ended$/),
      },
    });
    expect(await space.status("worker")).toMatchObject({ workerPid, restarts: 0 });
  });

  test("that another thread fills is not its own, though it computes and can't say so", async () => {
    const space = workspace();
    await start(
      space,
      `const end = performance.now() + 1_200; let sum = 0; while (performance.now() < end) sum += 1; return sum > 0;`,
      `maxMemory: "50M"`,
      `job("hog", { every: "1h", isolate: true }, async () => { const kept = []; for (let n = 0; n < 30; n += 1) { kept.push(new Uint8Array(10 << 20).fill(1)); await Bun.sleep(5); } return kept.length; });`,
    );
    const [{ run }, hog] = await Promise.all([triggered(space, "work"), triggered(space, "hog")]);
    expect(hog.run).toMatchObject({ outcome: "succeeded", result: 30 });
    expect(run).toMatchObject({ outcome: "succeeded", error: null });
  });

  test("that others use is not its own, and garbage does not count", async () => {
    const space = workspace();
    await start(
      space,
      `const end = performance.now() + 600; let kept; while (performance.now() < end) { kept = new Uint8Array(1 << 20).fill(1); await Bun.sleep(0); } return kept.length;`,
      `maxMemory: "100M"`,
      `job("hog", "every 1h", async () => { const kept = []; for (let n = 0; n < 30; n += 1) { kept.push(new Uint8Array(10 << 20).fill(1)); await Bun.sleep(5); } return kept.length; });`,
    );
    const [{ run }, hog] = await Promise.all([triggered(space, "work"), triggered(space, "hog")]);
    expect(hog.run).toMatchObject({ outcome: "succeeded" });
    expect(run).toMatchObject({ outcome: "succeeded", error: null });
  });
});
