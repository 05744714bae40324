// What commands write: told line by line, all of it, whoever holds their outputs.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { longestLineBytes } from "../../../src/runtime/command/lines.ts";
import { sh } from "./commands.ts";

test("what it writes comes line by line, also a last line without an end", async () => {
  const { execution, lines } = sh("printf 'a\\nb\\r\\n'; printf 'no end'; echo wrong >&2");
  expect(await execution.ended).toMatchObject({ type: "succeeded", exitCode: 0 });
  expect(lines.toSorted()).toEqual(["a", "b", "no end", "wrong"]);
});

test("a long line is told in pieces, and bytes that are no text do no harm", async () => {
  const { execution, lines } = sh("head -c 150000 /dev/zero | tr '\\0' x; echo; printf '\\377\\376\\n'");
  await execution.ended;
  expect(lines.slice(0, -1).join("")).toBe("x".repeat(150_000));
  expect(Math.max(...lines.map(({ length }) => length))).toBe(longestLineBytes);
  expect(lines.at(-1)).toBe("\uFFFD\uFFFD");
});

describe("its outputs are pipes", () => {
  test("that it may open anew by name, also as input", async () => {
    const line =
      "echo one > /dev/stderr; echo two > /dev/stdout; echo three >> /proc/self/fd/2; cat /dev/stdin";
    const { execution, lines } = sh(line, { stdin: "four\n" });
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.toSorted()).toEqual(["four", "one", "three", "two"]);
  });

  test("none of whose bytes is lost, however long nobody reads", async () => {
    const { execution, lines } = sh("seq 1 200000; seq 200001 400000 >&2");
    // The pipe holds 64 KiB.
    Bun.sleepSync(300);
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 400_000 }, (_, index) => index + 1),
    );
  });

  test("what is in them is told, also when the event loop was blocked for longer than is waited", async () => {
    const { execution, lines } = sh("setsid sleep 1000 & echo $!; head -c 60000 /dev/zero | tr '\\0' '\\n'");
    Bun.sleepSync(1_200);
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.length).toBe(60_001);
    process.kill(Number(lines[0]), "SIGKILL");
  });

  test("do not wake a daemon up while nothing comes", async () => {
    const { execution } = sh("sleep 1000");
    const switches = () =>
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    await Bun.sleep(100);
    const before = switches();
    await Bun.sleep(500);
    expect(switches() - before).toBeLessThan(30);
    execution.terminate();
    await execution.ended;
  });
});

test("a grandchild that holds the output does not hold the run", async () => {
  const { execution, lines } = sh("setsid sleep 1000 & echo $!");
  expect(await execution.ended).toMatchObject({ type: "succeeded" });
  process.kill(Number(lines[0]), "SIGKILL");
});
