import { describe, expect, test } from "bun:test";
import {
  type AttributeTexts,
  limitUnits,
  parseAttributes,
  parseUser,
} from "../../src/cli/privilege-values.ts";
import { DjobError } from "../../src/daemon/error.ts";

const none: AttributeTexts = {
  nice: null,
  ioprio: null,
  sched: null,
  rlimit: [],
  noNewPrivs: false,
  cpus: null,
  oomScore: null,
};

function parse(texts: Partial<AttributeTexts>) {
  return parseAttributes({ ...none, ...texts });
}

function refusal(action: () => unknown): DjobError {
  try {
    action();
  } catch (error) {
    if (error instanceof DjobError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("no flags, no attributes", () => {
  expect(parse({})).toEqual({
    nice: null,
    ioPriority: null,
    scheduler: null,
    limits: [],
    noNewPrivileges: false,
    processors: null,
    oomScore: null,
  });
});

test.each([
  [{ nice: "-20" }, { nice: -20 }],
  [{ nice: "+5" }, { nice: 5 }],
  [{ nice: "-0" }, { nice: 0 }],
  [{ nice: "19" }, { nice: 19 }],
  [{ oomScore: "-1000" }, { oomScore: -1000 }],
  [{ oomScore: "1000" }, { oomScore: 1000 }],
  [{ noNewPrivs: true }, { noNewPrivileges: true }],
  [{ cpus: "0,2-3" }, { processors: [0, 2, 3] }],
  [{ ioprio: "realtime" }, { ioPriority: { ioClass: "realtime", level: 4 } }],
  [{ ioprio: "rt:0" }, { ioPriority: { ioClass: "realtime", level: 0 } }],
  [{ ioprio: "be:7" }, { ioPriority: { ioClass: "best-effort", level: 7 } }],
  [{ ioprio: "best-effort" }, { ioPriority: { ioClass: "best-effort", level: 4 } }],
  [{ ioprio: "idle" }, { ioPriority: { ioClass: "idle", level: 0 } }],
  [{ sched: "other" }, { scheduler: { policy: "other", priority: 0 } }],
  [{ sched: "batch" }, { scheduler: { policy: "batch", priority: 0 } }],
  [{ sched: "idle" }, { scheduler: { policy: "idle", priority: 0 } }],
  [{ sched: "fifo:1" }, { scheduler: { policy: "fifo", priority: 1 } }],
  [{ sched: "rr:99" }, { scheduler: { policy: "rr", priority: 99 } }],
] as const)("%j is understood", (texts, attributes) => {
  expect(parse(texts)).toMatchObject(attributes);
});

test.each([
  ["nofile=512", { name: "nofile", soft: 512, hard: 512 }],
  ["nofile=512:1024", { name: "nofile", soft: 512, hard: 1024 }],
  ["core=0", { name: "core", soft: 0, hard: 0 }],
  ["core=unlimited", { name: "core", soft: null, hard: null }],
  ["core=1M:unlimited", { name: "core", soft: 2 ** 20, hard: null }],
  ["as=4G", { name: "as", soft: 2 ** 32, hard: 2 ** 32 }],
  ["stack=64k:1t", { name: "stack", soft: 2 ** 16, hard: 2 ** 40 }],
  ["cpu=60", { name: "cpu", soft: 60, hard: 60 }],
] as const)("--rlimit %s is understood", (text, limit) => {
  expect(parse({ rlimit: [text] }).limits).toEqual([limit]);
});

test("every limit that there is can be named", () => {
  const rlimit = Object.keys(limitUnits).map((name) => `${name}=1`);
  expect(parse({ rlimit }).limits).toHaveLength(16);
});

describe("is refused with exit 2:", () => {
  test.each<Partial<AttributeTexts>>([
    ...["20", "-21", "", "x", "1.5", "1e1", "0x1", " 1", "99999"].map((nice) => ({ nice })),
    ...["1001", "-1001", "never"].map((oomScore) => ({ oomScore })),
    ...["none", "idle:0", "be:8", "be:", "be:-1", "realtime:44", "toString", "BE"].map((ioprio) => ({
      ioprio,
    })),
    ...["fifo", "rr:0", "rr:100", "batch:1", "other:0", "deadline", "constructor", ":1"].map((sched) => ({
      sched,
    })),
    ...["", "x", "3-1", "-1", "8192", "0,"].map((cpus) => ({ cpus })),
    ...["nofile", "nofile=", "nofile=1:", "nofile=:1", "nofile=2:1", "nofile=unlimited:5", "nofile=-1"].map(
      (text) => ({ rlimit: [text] }),
    ),
    ...[
      "nofile=1k",
      "cpu=1m",
      "files=1",
      "toString=1",
      "NOFILE=1",
      "core=1X",
      "core=1MB",
      "core=9999999T",
    ].map((text) => ({ rlimit: [text] })),
    { rlimit: ["core=1", "core=2"] },
    { rlimit: ["nofile=1:2:3"] },
  ])("%j", (texts) => {
    const error = refusal(() => parse(texts));
    expect(error.code).toBe(2);
    expect(error.message).toMatch(/^cannot run djob run: --(nice|oom-score|ioprio|sched|cpus|rlimit) /);
  });

  test.each([
    [":www", null],
    ["www:", null],
    [":", null],
    ["www:a", "b"],
  ])("--user %p with --group %p", (user, group) => {
    expect(refusal(() => parseUser(user, group)).code).toBe(2);
  });
});

test.each([
  [null, null, { user: null, group: null }],
  ["www", null, { user: "www", group: null }],
  ["33", "34", { user: "33", group: "34" }],
  ["www:logs", null, { user: "www", group: "logs" }],
  [null, "logs", { user: null, group: "logs" }],
])("--user %p with --group %p is a user and a group", (user, group, parsed) => {
  expect(parseUser(user, group)).toEqual(parsed);
});
