import { describe, expect, test } from "bun:test";
import { AccountError } from "../../src/runtime/command/account.ts";
import { defineJob } from "../../src/runtime/declare/declare.ts";
import { RegistrationError } from "../../src/runtime/failure.ts";
import { Registry } from "../../src/runtime/registry.ts";
import { planText } from "../../src/schedule/plan.ts";
import { ScheduleError } from "../../src/schedule/schedule-error.ts";

const handler = () => {};
const here = "here";
const findNobody = () => {
  throw new Error("no user is asked for");
};

function refusal(...given: [name: unknown, schedule: unknown, handler?: unknown]) {
  const [name, schedule] = given;
  try {
    defineJob(name, schedule, given.length === 3 ? given[2] : handler, here, findNobody);
  } catch (error) {
    if (error instanceof RegistrationError || error instanceof ScheduleError) return error;
  }
  throw new Error("it was not refused");
}

describe("a job's schedule is", () => {
  test.each([
    ["*/5 * * * *", { kind: "cron", expression: "*/5 * * * *", timeZone: null }],
    ["every 10s", { kind: "every", intervalMs: 10_000 }],
    ["always", { kind: "always" }],
    [
      { cron: "@daily", tz: "UTC" },
      { kind: "cron", expression: "@daily", timeZone: "UTC" },
    ],
    [{ every: 1 }, { kind: "every", intervalMs: 1 }],
    [{ every: "1h30m" }, { kind: "every", intervalMs: 5_400_000 }],
    [{ at: new Date(1_000) }, { kind: "at", timeMs: 1_000 }],
    [
      { at: "1970-01-01T00:00:00", tz: "Asia/Tokyo" },
      { kind: "at", timeMs: -9 * 3_600_000 },
    ],
    [{ always: true, cron: undefined }, { kind: "always" }],
  ] as const)("%p", (given, schedule) => {
    const { name, plan, work } = defineJob("a", given, handler, here, findNobody);
    expect({ name, plan, work }).toEqual({
      name: "a",
      plan: { schedules: [schedule], fromMs: null, untilMs: null, jitterMs: 0 },
      work: { type: "inline", handler },
    });
  });
});

describe("a job is refused for", () => {
  test.each([undefined, null, 5, true, Symbol("x"), [["every 1s", 5]], [[]], () => {}])(
    "the schedule %p",
    (schedule) => {
      expect(refusal("a", schedule).message).toStartWith('cannot declare the job "a": its schedule is ');
    },
  );

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("the interval %p", (every) => {
    expect(refusal("a", { every }).message).toBe(`cannot declare the job "a": its every is ${every}`);
  });

  test.each([
    [{ cron: 5 }, "its cron is 5"],
    [{ cron: "every 5s" }, 'its cron is "every 5s"'],
    [{ cron: "always" }, 'its cron is "always"'],
    [{ every: true }, "its every is true"],
    [{ at: 1_000 }, "its at is 1000"],
    [{ at: new Date(Number.NaN) }, "its at is Invalid Date"],
    [{ always: false }, "its always is false"],
    [{ always: "yes" }, 'its always is "yes"'],
    [{ cron: "@daily", tz: 1 }, "its tz is 1"],
    [{ every: "1s", tz: "UTC" }, "tz means nothing without cron or at"],
    [{}, "it needs one of cron, every, at and always, and has none of them"],
    [{ at: "x", always: true }, "always stands alone, and it has at and always"],
    [{ at: [] }, "its list of times is empty"],
    [{ always: true, jitter: "1s" }, "jitter means nothing with always, which has no times"],
    [{ every: "1s", maxQueued: 3 }, 'maxQueued means nothing without overlap: "queue"'],
    [{ every: "1s", overlap: "run" }, 'its overlap is "run"'],
    [{ every: "1s", retry: 3 }, "its retry is 3"],
    [{ every: "1s", retry: {} }, "its retry has no attempts"],
    [{ every: "1s", retry: { attempts: 3, delays: "1s" } }, 'there is no option "delays" of retry'],
    [
      { every: "1s", retry: { attempts: 3, delay: "10m", maxDelay: "1m" } },
      "the delay of its retry is longer than its maxDelay",
    ],
    [{ every: "1s", ping: "ftp://x" }, 'its ping is "ftp://x"'],
    [{ every: "1s", ping: { url: "http://x", retry: 3 } }, 'there is no option "retry" of ping'],
    [{ every: "1s", concurrency: { group: "g", maximum: 2 } }, 'there is no option "maximum" of concurrency'],
    [{ every: "1s", timeout: 315_619_200_001 }, "its timeout is 315619200001"],
    [{ every: "1s", from: new Date(8.64e15) }, "its from is +275760-09-13T00:00:00.000Z"],
    [{ every: "1s", maxCpu: "1s" }, "maxCpu means nothing without command, sh or isolate"],
    [{ every: "1s", maxMemory: "1G" }, "maxMemory means nothing without command, sh or isolate"],
    [{ every: "1s", warm: 1 }, "warm means nothing without isolate"],
    [{ every: "1s", isolate: "yes" }, 'its isolate is "yes"'],
    [{ every: "1s", isolate: 1 }, "its isolate is 1"],
    [
      { every: "1s", isolate: true },
      "isolate is for jobs that are declared while their module is loaded, and this one came later",
    ],
    [{ every: "1s", cwd: "/" }, "cwd means nothing without command or sh"],
    [{ every: "1s", user: "root" }, "user means nothing without command or sh"],
    [{ every: "1s", sh: "true" }, "it has both a command and a handler"],
  ])("the options %p", (options, why) => {
    expect(refusal("a", options).message).toBe(`cannot declare the job "a": ${why}`);
  });

  test.each([
    [{ evry: "1s" }, 'did you mean "every"?'],
    [{ corn: "@daily" }, 'did you mean "cron"?'],
    [{ timezone: "UTC", cron: "@daily" }, 'did you mean "tz"?'],
    [{ schedule: "@daily" }, 'did you mean "cron"?'],
    [{ retries: 3, cron: "@daily" }, 'did you mean "retry"?'],
    [
      { colour: "red", cron: "@daily" },
      expect.stringContaining("the options are cron, every, at, always, offset, tz"),
    ],
  ])("an unknown option, as in %p", (options, hint) => {
    const error = refusal("a", options);
    expect(error.message).toStartWith('cannot declare the job "a": there is no option "');
    expect(error.hint).toEqual(hint);
  });

  test.each([
    [{ cron: "every 5m" }, 'write it as every: "5m"'],
    [{ cron: "always" }, "write it as always: true"],
    [{ cron: "at 2999-01-01T00:00:00Z" }, 'write it as at: "2026-12-24T18:00:00+01:00"'],
  ])("another kind of schedule as its cron, as in %p", (options, hint) => {
    expect(refusal("a", options).hint).toBe(hint);
  });

  test("one object in place of a name and options", () => {
    const options = { name: "a", cron: "@daily" } as unknown as string;
    expect(refusal(options, () => {}).hint).toStartWith('write job("name", { cron:');
  });

  test.each(["", " ", "a ", " a", "a\nb", "\u0000", "x".repeat(129), "a\ud800", 42, null, undefined, {}])(
    "the name %p",
    (name) => {
      expect(refusal(name, "always").message).toStartWith("cannot declare a job named ");
    },
  );

  test.each([undefined, null, "code", {}])("the handler %p", (given) => {
    expect(refusal("a", "always", given).message).toEndWith(", not a function");
  });

  test.each(["61 * * * *", "10s", "every", "every 5 parsecs", "at noon"])("the text %p", (schedule) => {
    expect(refusal("a", schedule)).toBeInstanceOf(ScheduleError);
  });
});

test.each([
  [{ attempts: 2 }, 1_000, 60_000],
  [{ attempts: 2, delay: "10m" }, 600_000, 600_000],
  [{ attempts: 2, maxDelay: "500ms" }, 1_000, 500],
  [{ attempts: 2, delay: "10s", maxDelay: "10s" }, 10_000, 10_000],
])("the delays of the retry %p", (retry, delayMs, maximumDelayMs) => {
  const { policies } = defineJob("a", { every: "1h", retry }, handler, here, findNobody);
  expect(policies.retry).toMatchObject({ delayMs, maximumDelayMs });
});

describe("a command is refused for", () => {
  const secret = "hunter2";
  test.each([
    [{ env: "LANG=C" }, 'its env is "LANG=C"'],
    [{ env: { "A=B": secret } }, '"A=B" in its env is no name of a variable'],
    [{ env: { "": secret } }, '"" in its env is no name of a variable'],
    [{ env: { "A\0": secret } }, '"A\\u0000" in its env is no name of a variable'],
    [{ env: { PASSWORD: secret, PORT: 80 } }, "its env.PORT is 80"],
    [{ env: { PASSWORD: `${secret}\0` } }, "its env.PASSWORD has a NUL byte"],
    [{ cwd: "/tmp\0" }, "its cwd has a NUL byte"],
    [{ sh: "echo\0" }, "its sh has a NUL byte"],
    [{ sh: undefined, command: ["echo", "\0"] }, 'its command is [ "echo", "\\u0000" ]'],
  ])("%p", (options, why) => {
    const refused = () =>
      defineJob("a", { every: "1s", sh: "true", ...options }, undefined, here, findNobody);
    expect(refused).toThrow(`cannot declare the job "a": ${why}`);
    expect(refused).not.toThrow(secret);
  });
});

test("a command's variables may have any other name", () => {
  const env = JSON.parse('{ "__proto__": "p", "constructor": "c", "a b": "d", "LANG": "" }');
  const { work } = defineJob("a", { every: "1s", sh: "true", env }, undefined, here, findNobody);
  expect(work.type === "command" && Object.entries(work.env)).toEqual(Object.entries(env));
});

test("a command's user is found when it is declared, and told with the job's name if there is none", () => {
  const user = { uid: 33, gid: 33, name: "www", home: "/", shell: "/bin/sh", isOther: true };
  const find = (text: string) => {
    if (text === "www") return user;
    throw new AccountError(`there is no user ${text}`, "give another name");
  };
  const declare = (options: object) =>
    defineJob("a", { every: "1s", sh: "true", ...options }, undefined, here, find);
  expect(declare({ user: "www" }).work).toMatchObject({ type: "command", user });
  expect(declare({}).work).toMatchObject({ user: null });
  expect(() => declare({ user: "wwww" })).toThrow('cannot declare the job "a": there is no user wwww');
  expect(() => declare({ user: 33 })).toThrow('cannot declare the job "a": its user is 33');
});

describe("an isolated job", () => {
  const work = (options: Record<string, unknown>, given: unknown = handler) =>
    defineJob("a", { every: "1s", ...options }, given, here, findNobody, "/srv/jobs.ts").work;
  const limits = { maxMemoryBytes: null, maxCpuMs: null };

  test("knows its module, how it runs, and how many wait for its next run", () => {
    const isolated = { type: "isolated", module: "/srv/jobs.ts", handler, ...limits } as const;
    expect(work({ isolate: true })).toEqual({ ...isolated, how: "thread", warm: 1 });
    expect(work({ isolate: "thread", warm: 0 })).toEqual({ ...isolated, how: "thread", warm: 0 });
    expect(work({ isolate: "process" })).toEqual({ ...isolated, how: "process", warm: 0 });
    expect(work({ isolate: "process", warm: 3, maxMemory: "1M", maxCpu: "2s" })).toEqual({
      ...isolated,
      how: "process",
      warm: 3,
      maxMemoryBytes: 1_048_576,
      maxCpuMs: 2_000,
    });
    expect(work({ isolate: false })).toEqual({ type: "inline", handler });
  });

  test.each([
    [{ isolate: true, maxCpu: "1s" }, "maxCpu means nothing for a thread, whose CPU time can't be limited"],
    [{ isolate: true, warm: -1 }, "its warm is -1"],
    [{ isolate: true, warm: 65 }, "its warm is 65"],
    [{ isolate: true, maxMemory: "much" }, 'its maxMemory is "much"'],
    [{ isolate: true, cwd: "/" }, "cwd means nothing without command or sh"],
  ])("is refused for %p", (options, why) => {
    expect(() => work(options)).toThrow(`cannot declare the job "a": ${why}`);
  });

  test("is none that is a command, which is a process of its own", () => {
    expect(() => work({ isolate: true, sh: "true" }, undefined)).toThrow(
      'cannot declare the job "a": isolate means nothing with a command, which is a process of its own',
    );
  });
});

test("a name may hold spaces, letters of any script and emoji", () => {
  for (const name of ["a", "nightly backup", "ежедневно", "🚀 launch", "x".repeat(128)]) {
    expect(defineJob(name, "always", handler, here, findNobody).name).toBe(name);
  }
});

test("a registry keeps the order, hands over each job once, and knows each name once", () => {
  const registry = new Registry("here");
  const added: string[] = [];
  registry.add("before", "always", handler);
  registry.whenAdded(({ name }) => added.push(name));
  registry.add("b", "every 1s", handler);
  registry.add("a", { cron: "@daily" }, handler);
  expect(() => registry.add("b", "always", handler)).toThrow(
    'cannot declare the job "b": there is already a job of this name',
  );
  expect(() => registry.add("c", "nonsense", handler)).toThrow();
  expect(added).toEqual(["b", "a"]);
  expect(registry.jobs.map((job) => `${job.name}: ${planText(job.plan)}`)).toEqual([
    "before: always",
    "b: every 1s",
    "a: @daily",
  ]);
});
