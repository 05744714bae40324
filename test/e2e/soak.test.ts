// A minute of the soak. Its seed stands in what it prints; DJOB_TEST_SEED repeats its jobs and what is done to them.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { seed } from "./chance.ts";

const seconds = 60;

test(`over a minute of kills, reloads and clock steps each time of 2,000 jobs is accounted for once (seed ${seed})`, async () => {
  const script = join(import.meta.dir, "../../scripts/soak.ts");
  // Other tests run meanwhile, and some of them are in a hurry.
  const command = [
    "nice",
    "-n",
    "10",
    process.execPath,
    script,
    "--seconds",
    String(seconds),
    "--seed",
    String(seed),
  ];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  console.log(stdout);
  expect({ code: await child.exited, stderr, last: stdout.trim().split("\n").at(-1) }).toEqual({
    code: 0,
    stderr: "",
    last: expect.stringMatching(/^soak passed: each of \d+ times has exactly one record/),
  });
}, 300_000);
