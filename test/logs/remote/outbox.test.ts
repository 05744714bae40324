// Records that wait for a service: one that can never be sent does not keep back the others.
import { expect, test } from "bun:test";
import { Outbox, type Sent } from "../../../src/logs/remote/outbox.ts";
import { Trouble } from "../../../src/logs/trouble.ts";
import { until } from "../../e2e/harness.ts";

function outbox(answer: (record: string) => Sent) {
  const sent: string[] = [];
  const trouble = new Trouble(() => {});
  const box = new Outbox({
    send(bytes) {
      const record = Buffer.from(bytes).toString();
      const result = answer(record);
      if (result === "sent") sent.push(record);
      return result;
    },
    note: (_nowMs, message) => Buffer.from(message.replace(/since \S+:/, "since then:")),
    now: () => 0,
    trouble,
    returned() {},
  });
  return { box, sent, trouble };
}

test("a record that can never be sent is counted and told, and those after it go on", async () => {
  const { box, sent, trouble } = outbox((record) =>
    record === "too long" ? { refused: "Message too long" } : "sent",
  );
  for (const record of ["one", "too long", "two"]) box.put(Buffer.from(record));
  expect(sent).toEqual(["one", "two"]);
  await until("it is told", () => sent.length === 3);
  expect(sent[2]).toBe("1 line was lost since then: Message too long");
  expect(trouble.state).toEqual({ state: "ok", reason: null, lostLines: 1 });
});

test("the same among records that waited for a service that was away", async () => {
  let isAway = true;
  const { box, sent } = outbox((record) =>
    isAway ? { why: "away" } : record === "too long" ? { refused: "Message too long" } : "sent",
  );
  for (const record of ["one", "too long", "two"]) box.put(Buffer.from(record));
  expect(sent).toEqual([]);
  isAway = false;
  expect(box.flush()).toBe(true);
  expect(sent).toEqual(["one", "two", "1 line was lost since then: Message too long"]);
});
