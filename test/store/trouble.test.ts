import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { connect, decision, declared, directory, ended, failing, openIn, startMs } from "./stores.ts";

const file = () => join(directory(), "w.db");

/** Enters a job, decides and ends a run of it, and looks whether it is told. */
function works(opened: ReturnType<typeof openIn>, atMs = startMs + 1_000): boolean {
  const { store } = opened;
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  store.decide([decision([key], atMs)]);
  const isOpen = store.has(key, atMs);
  store.end(ended(key, atMs));
  store.flush();
  return (
    isOpen && store.has(key, atMs) && store.runs({ sinceMs: atMs, untilMs: atMs, limit: 1 }).length === 1
  );
}

function filled(path: string): void {
  const opened = openIn(path);
  const [key = 0] = opened.store.enter(declared(20), startMs).map((job) => job.key);
  for (let at = 0; at < 500; at += 1) opened.store.end(ended(key, startMs - at * 1_000));
  opened.store.close();
}

test("the files are their owner's alone", () => {
  const path = file();
  const opened = openIn(path);
  expect(works(opened)).toBe(true);
  for (const name of readdirSync(dirname(path))) {
    expect({ name, mode: statSync(join(dirname(path), name)).mode & 0o777 }).toEqual({ name, mode: 0o600 });
  }
  expect(readdirSync(dirname(path)).sort()).toEqual(["w.db", "w.db-shm", "w.db-wal"]);
  opened.store.close();
  chmodSync(path, 0o666);
  openIn(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.each([
  ["text", () => "this is no database, whatever its name says\n".repeat(100)],
  ["zeros", () => new Uint8Array(8_192)],
])("a file of %s is set aside, and a new one begun", (_, content) => {
  const path = file();
  writeFileSync(path, content());
  const opened = openIn(path);
  expect(opened.store.trouble?.kind).toBe("set-aside");
  expect(works(opened)).toBe(true);
  const aside = `${path}.corrupt-2026-01-01T00-00-00-000Z`;
  expect(opened.store.trouble?.reason).toContain(`it is kept as ${aside}`);
  expect(readFileSync(aside)).toEqual(Buffer.from(content()));
  opened.store.close();
  writeFileSync(path, content());
  expect(openIn(path).store.trouble?.reason).toContain(`${aside}-1`);
});

test("another program's database is set aside", () => {
  const path = file();
  writeFileSync(path, "");
  const other = connect(path);
  other.run("CREATE TABLE t (a)");
  other.close();
  const opened = openIn(path);
  expect(opened.store.trouble).toMatchObject({
    kind: "set-aside",
    reason: expect.stringMatching(/no database of djob's/),
  });
  expect(works(opened)).toBe(true);
});

test("one of a newer version is left as it is, and runs are kept in memory", () => {
  const path = file();
  filled(path);
  const newer = connect(path);
  newer.run("PRAGMA user_version = 99");
  newer.close();
  const before = readFileSync(path);
  const opened = openIn(path);
  expect(opened.store.trouble).toMatchObject({
    kind: "memory",
    reason: expect.stringMatching(/a newer djob made it/),
  });
  expect(works(opened)).toBe(true);
  opened.store.close();
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each([
  [
    "a link",
    (path: string) => {
      writeFileSync(`${path}.other`, "");
      symlinkSync(`${path}.other`, path);
    },
    /is a symbolic link/,
  ],
  ["a link that leads nowhere", (path: string) => symlinkSync("/nowhere/at/all", path), /is a symbolic link/],
  ["a directory", (path: string) => mkdirSync(path), /is not a file/],
  [
    "a file with two names",
    (path: string) => {
      writeFileSync(path, "");
      linkSync(path, `${path}.other`);
    },
    /has a second name/,
  ],
  ["a log that is a link", (path: string) => symlinkSync("/etc/passwd", `${path}-wal`), /is a symbolic link/],
  ["a directory of everybody's", (path: string) => chmodSync(dirname(path), 0o777), /everybody may write/],
])("%s is refused, and runs are kept in memory", (_, make, reason) => {
  const path = file();
  make(path);
  const opened = openIn(path);
  expect(opened.store.trouble).toMatchObject({ kind: "memory", reason: expect.stringMatching(reason) });
  expect(works(opened)).toBe(true);
});

test("a directory that is missing is told", () => {
  const path = join(directory(), "missing", "w.db");
  const opened = openIn(path);
  expect(opened.store.trouble).toMatchObject({ kind: "memory", reason: expect.stringMatching(/ENOENT/) });
  expect(works(opened)).toBe(true);
  expect(existsSync(dirname(path))).toBe(false);
});

test("whatever bytes are broken, nothing throws and runs go on", () => {
  const original = file();
  filled(original);
  const bytes = readFileSync(original);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 200 }),
      fc.option(fc.nat(bytes.length)),
      (changes, length) => {
        const path = file();
        const broken = Buffer.from(bytes);
        for (const [at, value] of changes) broken[at] = value;
        writeFileSync(path, broken);
        if (length !== null) truncateSync(path, length);
        const opened = openIn(path);
        works(opened);
        works(opened, startMs + 2_000);
        expect(opened.store.trouble?.kind ?? "set-aside").toBe("set-aside");
        opened.store.runs({ limit: 1_000 });
        opened.store.recover([], startMs + 9_000);
        opened.settle();
        opened.store.close();
      },
    ),
    { numRuns: 150 },
  );
});

test("a database that becomes corrupt in the middle of work is replaced, and what goes on is kept", () => {
  const path = file();
  let code: string | null = null;
  const opened = openIn(
    path,
    {},
    failing((sql) => {
      const now = sql.startsWith("INSERT INTO pending") ? code : null;
      if (now !== null) code = null;
      return now;
    }),
  );
  const [a = 0, b = 0] = opened.store.enter(declared(2), startMs).map(({ key }) => key);
  opened.store.decide([decision([a], startMs + 1_000)]);
  code = "SQLITE_CORRUPT";
  opened.store.decide([decision([b], startMs + 2_000)]);
  expect(opened.troubles).toMatchObject([{ kind: "set-aside" }]);
  opened.store.end(ended(b, startMs + 2_000));
  opened.store.flush();
  const next = openIn(path, { owner: 101 });
  next.store.recover([], startMs + 3_000);
  next.settle();
  const runs = next.store.runs({ limit: 9 });
  expect(runs.map(({ job, outcome }) => [job, outcome])).toEqual([
    ["job-1", "succeeded"],
    ["job-0", "interrupted"],
  ]);
});

test("while the disk is full, runs are kept in memory, tried again from time to time, and then written", () => {
  const path = file();
  let isFull = false;
  let tried = 0;
  const opened = openIn(
    path,
    {},
    failing((sql) => {
      if (isFull && sql === "BEGIN") tried += 1;
      return isFull && /^(BEGIN|INSERT|UPDATE|DELETE)/.test(sql) ? "SQLITE_FULL" : null;
    }),
  );
  const { store } = opened;
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  store.end(ended(key, startMs));
  store.flush();
  isFull = true;
  for (let at = 1; at <= 50; at += 1) {
    store.decide([decision([key], startMs + at)]);
    expect(store.has(key, startMs + at)).toBe(true);
    store.end(ended(key, startMs + at));
    opened.settle();
    expect(store.has(key, startMs + at)).toBe(true);
  }
  expect(tried).toBe(1);
  expect(opened.troubles).toMatchObject([{ kind: "degraded", reason: expect.stringMatching(/SQLITE_FULL/) }]);
  // What was written before is still known.
  expect(store.has(key, startMs)).toBe(true);
  expect(store.runs({ limit: 100 }).length).toBe(51);
  opened.pass(5_000);
  store.end(ended(key, startMs + 51));
  opened.settle();
  expect(tried).toBe(2);
  isFull = false;
  opened.pass(5_000);
  store.end(ended(key, startMs + 52));
  opened.settle();
  expect(opened.troubles.at(-1)).toBeNull();
  expect(store.trouble).toBeNull();
  store.close();
  expect(openIn(path).store.runs({ limit: 100 }).length).toBe(53);
});

test("each write that fails once is made up for", () => {
  const count = 60;
  for (let fails = 0; fails < count; fails += 1) {
    let calls = 0;
    const path = file();
    const opened = openIn(path);
    opened.store.enter(declared(2), startMs);
    opened.store.close();
    const failed = openIn(
      path,
      {},
      failing((sql) =>
        /^(BEGIN|INSERT|UPDATE|DELETE)/.test(sql) && calls++ === fails ? "SQLITE_FULL" : null,
      ),
    );
    const { store } = failed;
    const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
    store.decide([decision([a, b], startMs + 1), decision([a], startMs + 2, { skipped: "overlap" })]);
    store.end(ended(a, startMs + 1));
    store.retryLater({
      key: b,
      scheduledAtMs: startMs + 1,
      origin: "schedule",
      attempt: 2,
      dueMs: startMs + 3,
      input: null,
    });
    store.flush();
    store.decide([decision([b], startMs + 1, { trigger: "retry", attempt: 2 })]);
    store.end(ended(b, startMs + 1, { attempt: 2 }));
    store.close();
    const { store: next, settle } = openIn(path, { owner: 101 });
    expect(next.recover([], startMs + 9)).toEqual([]);
    settle();
    const told = next
      .runs({ limit: 9 })
      .map(({ job, scheduledAtMs, outcome }) => [job, scheduledAtMs - startMs, outcome]);
    expect({ fails, told }).toEqual({
      fails,
      told: [
        ["job-0", 2, "skipped"],
        ["job-1", 1, "succeeded"],
        ["job-0", 1, "succeeded"],
      ],
    });
  }
});
