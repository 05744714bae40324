import { expect, test } from "bun:test";
import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readStored } from "../../src/store/sqlite/read.ts";
import { declared, directory, ended, openIn, startMs } from "./stores.ts";

test("a history is read when its daemon has ended, or was killed, and nothing is written beside it", async () => {
  const path = join(directory(), "a ?#%.db");
  const { store } = openIn(path);
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  for (const closes of [false, true]) {
    store.end(ended(key, startMs + Number(closes)));
    store.flush();
    if (closes) store.close();
    const before = readdirSync(dirname(path));
    expect((await readStored(path, { limit: 9 }))?.length).toBe(closes ? 2 : 1);
    expect(readdirSync(dirname(path))).toEqual(before);
  }
});

test("what is no history, or a link to one, is refused; what is missing is no error", async () => {
  const path = join(directory(), "w.db");
  expect(await readStored(path, { limit: 9 })).toBeNull();
  writeFileSync(path, "text ".repeat(1_000));
  expect(readStored(path, { limit: 9 })).rejects.toThrow();
  symlinkSync(path, `${path}.link`);
  expect(readStored(`${path}.link`, { limit: 9 })).rejects.toThrow("symbolic link");
});
