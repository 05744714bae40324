// The modules of a test: which are loaded afresh, and what is told of one that can't be.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadJobs } from "../../src/testing/main.ts";
import { directory, noon, worker, write } from "./workers.ts";

describe("modules", () => {
  test("those that import djob are loaded afresh for each test; what they use is shared with the test", async () => {
    const shared = write("shared.ts", "export const sent = [];");
    write(
      "part.ts",
      'import { job } from "djob";\nimport { sent } from "./shared.ts";\njob("part", "@daily", () => sent.push("part"));',
    );
    write("between.ts", 'import "./part.ts";\nexport const between = {};');
    const path = worker(`import "./between.ts"; import { sent } from "./shared.ts";
    let runs = 0;
    job("main", "@daily", () => { sent.push("main"); return ++runs; });`);
    for (let round = 0; round < 2; round += 1) {
      await using bench = await loadJobs(path);
      expect(bench.jobs.map(({ name }) => name)).toEqual(["part", "main"]);
      expect((await bench.runJob("main")).result).toBe(1);
      await bench.runJob("part");
    }
    expect((await import(shared)).sent).toEqual(["main", "part", "main", "part"]);
  });

  test("a module that is imported by the test itself declares nothing, and is no hindrance", async () => {
    const path = worker('job("mine", "@daily", () => {}); export const double = (n) => 2 * n;');
    expect((await import(path)).double(2)).toBe(4);
    await using bench = await loadJobs(path);
    expect(bench.jobs).toHaveLength(1);
  });

  test("one that can't be loaded says where, and the next test is not harmed", async () => {
    const path = worker('job("a", { evry: "10s" }, () => {});');
    expect(loadJobs(path)).rejects.toThrow(`there is no option "evry"\n  at ${path}:2:1`);
    expect(loadJobs(join(directory, "none.ts"))).rejects.toThrow("Cannot find module");
    await using bench = await loadJobs(worker('job("fine", "@daily", () => {});'));
    expect(bench.jobs).toHaveLength(1);
  });

  test("Cloudflare's form, several modules, and one bench at a time", async () => {
    const form = worker(
      'export default { scheduled: ({ cron }) => console.debug(cron), crons: ["*/5 * * * *"] };',
    );
    const second = worker('job("second", "@daily", () => {});');
    await using bench = await loadJobs([form, second], noon);
    expect(bench.jobs.map(({ name }) => name)).toEqual(["second", "scheduled */5 * * * *"]);
    expect(loadJobs(second)).rejects.toThrow("one test at a time");
    await bench.clock.advance("5m");
    expect(bench.lines).toMatchObject([{ level: "debug", message: "*/5 * * * *" }]);
  });
});
