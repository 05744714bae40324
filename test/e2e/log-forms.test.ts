// The forms of the log, what is left out of it, and the files that it is split into.
import { expect, test } from "bun:test";
import { readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { until, type Workspace, workspace } from "./harness.ts";

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
const objects = (text: string): Array<Record<string, unknown>> => lines(text).map((line) => JSON.parse(line));

async function written(
  space: Workspace,
  code: string,
  flags: readonly string[],
  last: string,
  file = "worker.log",
) {
  space.write("worker.ts", code);
  await space.run(["worker.ts", ...flags]);
  await until("all is written", () => space.read(file).includes(last));
  return space.read(file);
}

test("json: every record of every way to log is one object on one line", async () => {
  const space = workspace();
  const text = await written(
    space,
    `import { job } from "djob";
    console.log("at load");
    job("work", "always", async ({ log, attempt }) => {
      log.info("text", { n: 1n, when: new Date(0), nested: { map: new Map([["k", 1]]) } });
      log.error("failed", { error: new TypeError("bad", { cause: new Error("deep") }), user: 7 });
      log.warn("lone", new Error("as fields"));
      console.error("while reading:", new RangeError("too far"), { a: 1 });
      const circular = { }; circular.self = circular;
      console.log("circular", circular); log.debug("circular", circular);
      console.log("a\\nb\\r\\u001b[31mred\\ud800");
      console.table([{ a: 1 }]); console.group("group"); console.count("counter"); console.groupEnd();
      console.time("t"); console.timeEnd("t"); console.trace("traced"); console.assert(false, "asserted");
      log.info("x".repeat(10_000_000));
      console.log("last");
      await new Promise(() => {});
    });`,
    ["--log-format", "json"],
    '"last"',
  );
  const all = objects(text);
  for (const [index, line] of lines(text).entries()) {
    expect(line).toMatch(
      /^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"(debug|info|warn|error)"/,
    );
    expect(Object.keys(all[index] ?? {}).join()).toMatch(
      /^time,level(,job,run,attempt)?,message(,fields)?(,error)?$/,
    );
  }
  const of = (message: string) => all.find((record) => String(record["message"]).startsWith(message));
  expect(of("at load")).not.toHaveProperty("job");
  expect(of("text")).toMatchObject({
    ...{ level: "info", job: "work", run: expect.stringMatching(/^work@\d{4}-/), attempt: 1 },
    fields: { n: "1", when: "1970-01-01T00:00:00.000Z", nested: { map: { k: 1 } } },
  });
  expect(of("failed")).toMatchObject({
    level: "error",
    fields: { user: 7 },
    error: {
      name: "TypeError",
      message: "bad",
      stack: expect.stringContaining("worker.ts"),
      cause: { message: "deep" },
    },
  });
  expect(of("lone")).toMatchObject({ level: "warn", error: { message: "as fields" } });
  expect(of("while reading:")).toMatchObject({
    message: "while reading: RangeError: too far { a: 1 }",
    error: { name: "RangeError" },
  });
  expect(of("a\nb")?.["message"]).toBe("a\nb\r\u001b[31mred\ud800");
  expect(of("xxx")?.["message"]).toHaveLength(10_000_000);
  for (const message of ["┌", "group", "  counter: 1", "t: ", "Trace: traced", "Assertion failed: asserted"])
    expect(of(message)).toBeDefined();
  expect(all.filter(({ message }) => String(message).startsWith("circular"))).toHaveLength(2);
});

test("json: why a run failed is kept apart from what the log says of it", async () => {
  const space = workspace();
  const text = await written(
    space,
    `import { job } from "djob";
    job("work", "@reboot", () => { throw new TypeError("bad", { cause: new Error("deep") }); });
    job("sh", { cron: "@reboot", sh: "exit 3" });`,
    ["--log-format", "json"],
    '"job":"sh"',
  );
  const failures = objects(text).filter(({ level }) => level === "error");
  expect(failures).toMatchObject([
    {
      job: "work",
      message: "the run failed: TypeError: bad",
      error: {
        name: "TypeError",
        message: "bad",
        stack: expect.stringContaining("worker.ts:2:"),
        cause: { message: "deep" },
      },
    },
    { job: "sh", message: "the run failed: exit code 3" },
  ]);
});

test.each(["thread", "process"])("json: the fields of a run in a %s of its own are kept", async (isolate) => {
  const space = workspace();
  const code = `import { job } from "djob";
  job("apart", { every: "100ms", isolate: "${isolate}" }, ({ log }) => {
    log.info("text", { n: 1n, list: [1] }); log.error("failed", { error: new TypeError("bad") }); console.log("last");
  });`;
  const text = await written(space, code, ["--log-format", "json"], '"last"');
  const of = (message: string) =>
    objects(text.slice(0, text.lastIndexOf("\n"))).find((record) => record["message"] === message);
  expect(of("text")).toMatchObject({ job: "apart", attempt: 1, fields: { n: "1", list: [1] } });
  expect(of("failed")).toMatchObject({ level: "error", error: { name: "TypeError", message: "bad" } });
});

test("logfmt: one line a record, and the supervisor's are of the same form", async () => {
  const space = workspace();
  const code = `import { job } from "djob"; job("work", "always", async ({ log }) => { log.info("two words", { a: 1 }); process.kill(process.pid, "SIGKILL"); });`;
  const text = await written(space, code, ["--log-format", "logfmt"], "SIGKILL");
  expect(text).toMatch(/^time=\S+ level=info job=work run=work@\S+ attempt=1 msg="two words" a=1$/m);
  for (const line of lines(text)) expect(line).toMatch(/^time=\S+Z level=(info|warn|error) .*msg="/);
});

test("--log-level leaves out what is below it, and consola's lines arrive as it writes them", async () => {
  const space = workspace();
  symlinkSync(join(import.meta.dir, "../../node_modules"), space.path("node_modules"));
  const code = `import { consola } from "consola"; import { createConsola } from "consola/basic";
    console.debug("quiet"); console.log("quiet"); console.warn("loud");
    consola.info("from consola"); consola.error(new Error("consola's error")); createConsola().success("from basic");
    setInterval(() => {}, 1e6);`;
  const text = await written(
    space,
    code,
    ["--log-level", "warn", "--env", "NODE_ENV=production"],
    "from basic",
  );
  expect(text).not.toContain("quiet");
  expect(text).toMatch(/WARN {2}loud$/m);
  expect(text).toMatch(/from consola$/m);
  expect(text).toContain("consola's error");
  expect(text).not.toContain("is ready");
});

test("--log-split and --log-per-job: each line in the file that it belongs to", async () => {
  const space = workspace();
  const code = `import { job } from "djob";
    job("a/b ü", "always", async ({ log }) => { log.info("mine"); log.error("mine too"); await new Promise(() => {}); });
    console.warn("of nobody"); process.stderr.write("raw\\n");`;
  await written(space, code, ["--log-split", "--log-per-job"], "mine too", "worker.jobs/a%2Fb%20%C3%BC.log");
  expect(space.read("worker.jobs/a%2Fb%20%C3%BC.log")).toMatch(
    /^\S+ INFO {2}\[a\/b ü\] mine\n\S+ ERROR \[a\/b ü\] mine too\n$/,
  );
  expect(space.read("worker.err.log")).toMatch(/^\S+ WARN {2}of nobody\nraw\n$/);
  expect(space.read("worker.log")).not.toMatch(/mine|nobody|raw/);
  expect(statSync(join(space.state, "worker.jobs")).mode & 0o777).toBe(0o750);
  expect(statSync(join(space.state, "worker.jobs/a%2Fb%20%C3%BC.log")).mode & 0o777).toBe(0o640);
});

test("--log-rate: a job that logs without end is held to it, and told so once", async () => {
  const space = workspace();
  const code = `import { job } from "djob"; import { writeFileSync } from "node:fs";
    job("flood", "always", async () => {
      const end = Date.now() + 1_500; let n = 0;
      while (Date.now() < end) { console.log("number", n); n += 1; if (n % 500 === 0) await Bun.sleep(1); }
      await Bun.sleep(2_100); console.log("calm"); writeFileSync("${space.path("n")}", String(n)); await new Promise(() => {});
    });
    job("other", "always", async () => { console.log("undisturbed"); await new Promise(() => {}); });`;
  const text = await written(space, code, ["--log-rate", "100"], "calm\n");
  const numbers = lines(text).filter((line) => line.includes("[flood] number")).length;
  expect(numbers).toBeGreaterThan(99);
  expect(numbers).toBeLessThanOrEqual(500);
  expect(text.match(/WARN {2}\[flood\] --log-rate: more than 100 lines/g)).toHaveLength(1);
  const left = /--log-rate: (\d+) lines were left out/.exec(text)?.[1];
  const all = await until("it says how many", () => Number(readFileSync(space.path("n"), "utf8")));
  expect(Number(left) + numbers).toBe(all);
  expect(text).toContain("[other] undisturbed");
});

test("--log none keeps nothing, and --log - wants the foreground", async () => {
  const space = workspace();
  space.write("worker.ts", "console.log('x'); setInterval(() => {}, 1e6);");
  await space.run(["worker.ts", "--log", "none"]);
  expect(await space.status("worker")).toMatchObject({
    paths: { log: null },
    log: { target: "none", state: "ok" },
  });
  expect(space.has("worker.log")).toBe(false);
  const { code, stderr } = await space.djob(["run", "worker.ts", "--log", "-", "--name", "b"]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("needs --foreground") });
});

test("--log - in the foreground: the forms on standard output and standard error", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    "console.log('out'); console.warn('warned'); setTimeout(() => process.exit(0), 50);",
  );
  const flags = ["--foreground", "--log", "-", "--log-format", "json"];
  const { code, stdout, stderr } = await space.djob(["run", "worker.ts", ...flags]);
  expect(code).toBe(0);
  expect(objects(stdout).map(({ level }) => level)).not.toContain("warn");
  expect(objects(stdout).map(({ message }) => message)).toContain("out");
  expect(objects(stderr)).toMatchObject([{ level: "warn", message: "warned" }]);
});

test.each([
  [["--log-format", "xml"], "none of text, json, logfmt"],
  [["--log-level", "loud"], "none of debug, info, warn, error"],
  [["--log-rate", "0"], "no number from 1"],
  [["--log-max-size", "1"], "not a number of bytes"],
  [["--log-keep", "-1"], "no number from 0"],
  [["--log-compress", "xz"], "none of gzip, zstd, none"],
  [["--log", "syslog:nobody"], 'no facility "nobody"'],
  [["--log", "none", "--log-per-job"], "needs a file"],
  [["--log", "none", "--log-max-size", "1M"], "only a file is rotated"],
  [["--log-split", "--log-err", "e"], "say the same twice"],
])("%j is refused", async (flags, why) => {
  const space = workspace();
  space.write("worker.ts", "setInterval(() => {}, 1e6);");
  const { code, stderr } = await space.djob(["run", "worker.ts", ...flags]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
});

test("a command's log is not rotated, and asking for it is refused", async () => {
  const space = workspace();
  const { code, stderr } = await space.djob(["run", "--log-max-size", "1M", "--", "sleep", "1000"]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("copytruncate") });
});
