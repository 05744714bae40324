// A minute of the soak. Its seed stands in what it prints; DJOB_TEST_SEED repeats its jobs and what is done to them.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { seed } from "./chance.ts";

const seconds = 60;

/** How often libfaketime may show the machine's own time instead: such a run proves nothing. */
const mostVoid = 5;

test(`over a minute of kills, reloads and clock steps each time of 2,000 jobs is accounted for once (seed ${seed})`, async () => {
  let result = await soak();
  for (let count = 1; result.code === 75 && count < mostVoid; count += 1) result = await soak();
  expect(result).toEqual({
    code: 0,
    stderr: "",
    last: expect.stringMatching(/^soak passed: each of \d+ times has exactly one record/),
  });
}, 600_000);

async function soak() {
  const script = join(import.meta.dir, "../../scripts/soak.ts");
  const flags = ["--seconds", String(seconds), "--seed", String(seed)];
  // Other tests run meanwhile, and some of them are in a hurry.
  const command = ["nice", "-n", "10", process.execPath, script, ...flags];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  console.log(stdout);
  return { code: await child.exited, stderr, last: stdout.trim().split("\n").at(-1) };
}
