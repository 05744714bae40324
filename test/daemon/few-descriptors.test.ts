// A process that can't be started for want of descriptors must not take some with it: soon nothing could be started any more.
import { expect, test } from "bun:test";

const fixture = new URL("few-descriptors-child.ts", import.meta.url).pathname;

test.each(["isolated", "worker"])("what could not be started leaves no descriptor open: %s", async (what) => {
  const child = Bun.spawn([process.execPath, fixture, what], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
  const { left, failed } = JSON.parse(stdout.split("\n").at(-1) ?? "");
  expect(failed).toBeGreaterThan(5);
  expect(left).toBe(0);
});
