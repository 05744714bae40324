// croner takes memory and a few milliseconds: it stays unloaded until a schedule needs it.

import { expect, test } from "bun:test";
import { join } from "node:path";

const child = `
  const { parseSchedule, nextTime } = await import(${JSON.stringify(join(import.meta.dir, "../../src/schedule/schedule.ts"))});
  const isLoaded = () => Object.keys(require.cache).some((path) => path.includes("/croner/"));
  const told = [];
  for (const text of ["*/5 * * * *", "@daily", "every 10s", "H 3 * * *", "*/10 * 9 * 5 MON-FRI", "0 0 L * *"]) {
    nextTime(parseSchedule(text, { seed: "host/job" }), 0);
    told.push(isLoaded());
  }
  console.log(JSON.stringify(told));
`;

test("croner is loaded by the first schedule whose days it must compute, and by none before", () => {
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", child], {
    env: { ...process.env, BUN_BE_BUN: "1" },
  });
  expect(stderr.toString()).toBe("");
  // Seconds are arithmetic.
  expect(JSON.parse(stdout.toString())).toEqual([false, false, false, false, false, true]);
});
