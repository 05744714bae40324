// Pings: in order, with repetitions, and not lost at the end of a worker, which they hold up for no longer than they may.
import { expect, test } from "bun:test";
import { formatLine } from "../../../src/logs/form/text.ts";
import type { LogRecord } from "../../../src/logs/line.ts";
import { Journal, plainPen } from "../../../src/runtime/journal.ts";
import { Ping } from "../../../src/runtime/running/ping.ts";
import { FakeClock, gate, second, settled } from "./fake-clock.ts";

const policy = { url: "https://hc.example.com/ping/secret", timeoutMs: 10_000, retries: 1, start: true };

function pinging(answer: (url: string) => Promise<Response>) {
  const clock = new FakeClock("2026-06-01T12:00:00Z");
  const lines: string[] = [];
  const keep = (record: LogRecord) => void lines.push(formatLine(record).trimEnd());
  const journal = new Journal(() => clock.now(), plainPen(keep));
  const urls: string[] = [];
  const ping = new Ping(clock, journal, (url) => {
    urls.push(url);
    return answer(url);
  });
  return { clock, lines, urls, ping };
}

test("one that has nothing on its way ends at once", async () => {
  const { clock, ping } = pinging(async () => new Response());
  await ping.settle(3 * second);
  expect(clock.waits).toEqual([]);
});

test("what is on its way is waited for, in order, and no longer than that", async () => {
  const answer = gate();
  const { lines, urls, ping, clock } = pinging(() => answer.promise.then(() => new Response()));
  ping.send("a", policy, "/start", "");
  ping.send("a", policy, "", "done");
  let isOver = false;
  const over = ping.settle(3 * second).then(() => {
    isOver = true;
  });
  await clock.pass(2 * second);
  expect({ isOver, urls }).toEqual({ isOver: false, urls: [`${policy.url}/start`] });
  answer.resolve();
  await over;
  expect(urls).toEqual([`${policy.url}/start`, policy.url]);
  expect({ lines, timers: clock.pendingTimers }).toEqual({ lines: [], timers: 0 });
});

test("one that never arrives is given up, and told without its secret", async () => {
  const { clock, lines, ping } = pinging(() => new Promise(() => {}));
  ping.send("a", policy, "/fail", "");
  const over = ping.settle(3 * second);
  await clock.pass(3 * second);
  await over;
  await settled();
  expect(lines).toEqual([
    "2026-06-01T12:00:03.000Z WARN  [a] its ping had not arrived when the worker ended",
  ]);
});

test("while none arrives the latest twenty wait, and how many were left out is told", async () => {
  const answer = gate();
  const { clock, lines, urls, ping } = pinging(async () => {
    await answer.promise;
    return new Response();
  });
  ping.send("a", policy, "/start", "");
  ping.send("b", policy, "/fail", "");
  await settled();
  for (let count = 1; count < 1_000; count += 1) ping.send("a", policy, count % 2 === 0 ? "/start" : "", "");
  expect(urls).toEqual([`${policy.url}/start`, `${policy.url}/fail`]);
  answer.resolve();
  await ping.settle(3 * second);
  expect(urls).toHaveLength(2 + 20);
  expect(urls.at(-1)).toBe(policy.url);
  expect(lines).toEqual([
    "2026-06-01T12:00:00.000Z WARN  [a] 979 of its pings were left out: they came faster than they arrived",
  ]);
  expect(clock.pendingTimers).toBe(0);
});
