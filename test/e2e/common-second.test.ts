// Thousands of jobs at one second, which a kill or a reload cuts in two: each time of each job has one record.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { until, type Workspace, workerOf, workspace } from "./harness.ts";

const jobs = 2_000;

interface Second {
  readonly scheduled: number;
  readonly jobs: number;
  readonly records: number;
  readonly outcomes: string;
}

/** The seconds from the first that has records through the latest that has all of them. */
function secondsOf(space: Workspace): Second[] {
  const database = new Database(join(space.state, "worker.db"));
  try {
    const sql = `SELECT scheduled, count(DISTINCT job) AS jobs, sum(times) AS records, group_concat(DISTINCT outcome) AS outcomes
      FROM runs GROUP BY scheduled ORDER BY scheduled`;
    const seconds = database.query(sql).all() as Second[];
    return seconds.slice(0, seconds.findLastIndex(({ records }) => records >= jobs) + 1);
  } finally {
    database.close();
  }
}

function declare(space: Workspace, handler: string): void {
  space.write(
    "worker.ts",
    `import { existsSync, writeFileSync } from "node:fs";
import { job } from "djob";
for (let index = 0; index < ${jobs}; index += 1) job("job " + index, "every 1s", () => { ${handler} });`,
  );
}

/** @returns what is wrong with the seconds, if anything is */
function wrong(seconds: readonly Second[]): unknown[] {
  const odd = seconds.filter((second) => second.jobs !== jobs || second.records !== jobs);
  const gaps = seconds.filter(
    (second, at) => at > 0 && second.scheduled - (seconds[at - 1]?.scheduled ?? 0) !== 1_000,
  );
  return [...odd, ...gaps];
}

test("a worker that is killed by one of them", async () => {
  const space = workspace();
  const mark = JSON.stringify(space.path("killed"));
  declare(
    space,
    `if (index === 1200 && !existsSync(${mark})) { writeFileSync(${mark}, ""); process.kill(process.pid, "SIGKILL"); }`,
  );
  await space.run(["worker.ts"]);
  const first = await workerOf(space, "worker");
  await until("there is another worker", async () => (await workerOf(space, "worker")) !== first);
  await until("its seconds have come", () => secondsOf(space).at(-1)?.outcomes === "succeeded");
  const seconds = secondsOf(space);
  expect(wrong(seconds)).toEqual([]);
  expect(seconds[0]?.outcomes).toContain("interrupted");
});

test("reloads, one after another", async () => {
  const space = workspace();
  declare(space, "");
  await space.run(["worker.ts"]);
  for (let reload = 0; reload < 6; reload += 1)
    expect(await space.djob(["reload", "worker"])).toMatchObject({ code: 0, stderr: "" });
  const last = secondsOf(space).at(-1)?.scheduled ?? 0;
  await until("the next seconds have come", () => (secondsOf(space).at(-1)?.scheduled ?? 0) > last + 1_000);
  expect(wrong(secondsOf(space))).toEqual([]);
});
