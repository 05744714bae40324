// What a worker answers reaches a supervisor that may be root: what is wrong, too much, late or not its own is refused.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ControlError } from "../../../src/control/jobs.ts";
import { JobQuestions } from "../../../src/daemon/supervise/job-questions.ts";
import { longestAnswer, longestPart, type ToWorker } from "../../../src/runtime/link.ts";
import { FakeJobs, jobNamed, runOf } from "../../control/fake-jobs.ts";
import { channelled, forwarded } from "../../control/serving.ts";

/** How a call ends: "answered", or the status of its refusal. */
async function outcomeOf(asked: Promise<unknown>): Promise<string | number> {
  return await asked.then(
    () => "answered",
    (error: ControlError) => error.status,
  );
}

const good = JSON.stringify([jobNamed("poll")]);
const [head, tail] = [good.slice(0, 20), good.slice(20)];

const hostile: ReadonlyArray<readonly [what: string, said: readonly object[], outcome: string | number]> = [
  [
    "the answer in one part",
    [
      { type: "part", index: 0, text: good },
      { type: "answer", parts: 1 },
    ],
    "answered",
  ],
  [
    "the answer in two parts",
    [
      { type: "part", index: 0, text: head },
      { type: "part", index: 1, text: tail },
      { type: "answer", parts: 2 },
    ],
    "answered",
  ],
  [
    "what follows an answer",
    [
      { type: "part", index: 0, text: good },
      { type: "answer", parts: 1 },
      { type: "answer", parts: 1 },
      { type: "refused", status: 404, message: "no", hint: null },
    ],
    "answered",
  ],
  [
    "no JSON",
    [
      { type: "part", index: 0, text: "[" },
      { type: "answer", parts: 1 },
    ],
    502,
  ],
  [
    "another shape",
    [
      { type: "part", index: 0, text: '[{"name":5}]' },
      { type: "answer", parts: 1 },
    ],
    502,
  ],
  [
    "another type",
    [
      { type: "part", index: 0, text: "null" },
      { type: "answer", parts: 1 },
    ],
    502,
  ],
  [
    "parts out of order",
    [
      { type: "part", index: 1, text: tail },
      { type: "part", index: 0, text: head },
    ],
    502,
  ],
  [
    "a part twice",
    [
      { type: "part", index: 0, text: head },
      { type: "part", index: 0, text: head },
    ],
    502,
  ],
  ["an empty part", [{ type: "part", index: 0, text: "" }], 502],
  [
    "too few parts",
    [
      { type: "part", index: 0, text: good },
      { type: "answer", parts: 2 },
    ],
    502,
  ],
  ["no part", [{ type: "answer", parts: 0 }], 502],
  ["a run that began, where none was triggered", [{ type: "begun", run: runOf("poll") }], 502],
  ["a refusal", [{ type: "refused", status: 404, message: "no", hint: null }], 404],
];

test.each(hostile)("%s", async (_what, said, outcome) => {
  const { questions } = channelled((message, say) => {
    if (message.type !== "request") return;
    for (const each of said) say({ ...each, id: message.id });
  });
  expect(await outcomeOf(questions.ask("jobs", null))).toBe(outcome);
});

test("what is no message of a worker's is garbage, and answers nothing", async () => {
  const wrong = [
    { type: "refused", status: 200, message: "no", hint: null },
    { type: "refused", status: "404", message: "no", hint: null },
    { type: "part", index: -1, text: "x" },
    { type: "part", index: 0, text: "x".repeat(longestPart + 1) },
    { type: "line", line: 5 },
    { type: "begun", run: {} },
    { type: "answer", parts: null },
    { type: "status", jobs: [] },
  ];
  const { questions, garbage } = channelled((message, say) => {
    if (message.type !== "request") return;
    for (const each of wrong) say({ ...each, id: message.id });
    say({ type: "refused", id: message.id, status: 409, message: "enough", hint: null });
  });
  expect(await outcomeOf(questions.ask("jobs", null))).toBe(409);
  expect(garbage).toHaveLength(wrong.length);
});

test("an answer without end is broken off", async () => {
  const text = "x".repeat(longestPart);
  const { questions } = channelled((message, say) => {
    if (message.type !== "request") return;
    for (let index = 0; index <= longestAnswer / longestPart; index += 1)
      say({ type: "part", id: message.id, index, text });
  });
  expect(await outcomeOf(questions.ask("jobs", null))).toBe(502);
}, 20_000);

describe("a worker that", () => {
  const state = { phase: "running", lastExit: "SIGKILL", current: 1, retiring: [] } as const;
  const silent = (heard: ToWorker[] = []) => ({
    generation: 1,
    isCommand: false,
    tell: (message: ToWorker) => void heard.push(message),
  });

  test("does not answer is given up, and told so", async () => {
    const heard: ToWorker[] = [];
    const questions = new JobQuestions(() => ({ ...state, workers: new Map([[1, silent(heard)]]) }));
    expect(await questions.report()).toBeNull();
    expect(heard.map(({ type }) => type)).toEqual(["request", "leave"]);
  });

  test("ends takes its answers with it", async () => {
    const questions = new JobQuestions(() => ({ ...state, workers: new Map([[1, silent()]]) }));
    const asked = outcomeOf(questions.ask("jobs", null));
    questions.gone(2);
    questions.gone(1);
    expect(await asked).toBe(503);
  });

  test("is another can't answer in its place", async () => {
    const heard: ToWorker[] = [];
    const questions = new JobQuestions(() => ({ ...state, workers: new Map([[1, silent(heard)]]) }));
    const asked = outcomeOf(questions.ask("jobs", null));
    const [request] = heard;
    const id = request?.type === "request" ? request.id : 0;
    questions.hear(2, { type: "refused", id, status: 404, message: "no", hint: null });
    questions.hear(1, { type: "refused", id, status: 409, message: "yes", hint: null });
    expect(await asked).toBe(409);
  });

  test("is not there is told as such, and so is a program in its place", async () => {
    const none = new JobQuestions(() => ({
      ...state,
      phase: "backing-off",
      current: null,
      workers: new Map(),
    }));
    expect(none.ask("jobs", null)).rejects.toThrow("there is no worker at this moment: it is backing-off");
    expect(await none.report()).toMatchObject({ jobs: [] });
    const program = { ...silent(), isCommand: true };
    const command = new JobQuestions(() => ({ ...state, workers: new Map([[1, program]]) }));
    expect(await outcomeOf(command.ask("jobs", null))).toBe(409);
    expect(await command.report()).toMatchObject({ jobs: [] });
  });

  test("still runs old code is asked to cancel what the newest does not know", async () => {
    const heard: ToWorker[] = [];
    const refuses = (generation: number) => ({
      ...silent(),
      generation,
      tell(message: ToWorker) {
        if (message.type !== "request") return;
        heard.push(message);
        const refusal = { type: "refused", status: generation === 2 ? 404 : 400 } as const;
        questions.hear(generation, { ...refusal, id: message.id, message: "no", hint: null });
      },
    });
    const workers = new Map([1, 2].map((generation) => [generation, refuses(generation)]));
    const questions = new JobQuestions(() => ({ ...state, current: 2, retiring: [1], workers }));
    expect(await outcomeOf(questions.ask("cancel", { id: "poll@x" }))).toBe(404);
    expect(heard).toHaveLength(2);
    expect(await outcomeOf(questions.ask("why", { job: "poll" }))).toBe(404);
    expect(heard).toHaveLength(3);
  });
});

test("a trigger is answered when its run has begun, though its handler holds up the worker", async () => {
  const begun = runOf("poll", { outcome: null, endedAt: null });
  const { questions } = channelled((message, say) => {
    if (message.type === "request") say({ type: "begun", id: message.id, run: begun });
  });
  const args = { job: "poll", input: null, until: "begun", follow: false } as const;
  expect(await questions.ask("trigger", args)).toEqual(begun);
});

test("no more than so many questions wait at a time", async () => {
  const state = { phase: "running", lastExit: null, current: 1, retiring: [] } as const;
  const worker = { generation: 1, isCommand: false, tell: () => {} };
  const questions = new JobQuestions(() => ({ ...state, workers: new Map([[1, worker]]) }));
  const waiting = Array.from({ length: 256 }, () => outcomeOf(questions.ask("jobs", null)));
  expect(await outcomeOf(questions.ask("jobs", null))).toBe(503);
  questions.gone(1);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([503]));
});

test("1,000 runs with stacks come through whole, and small questions between their parts", async () => {
  const jobs = new FakeJobs();
  const stack = "Error: näh \u0001\n    at somewhere (/srv/worker.ts:1:1)\n".repeat(60);
  jobs.answerRuns = Array.from({ length: 1_000 }, (_, index) =>
    runOf("poll", { attempt: index, error: { name: "Error", message: "näh", stack } }),
  );
  const questions = forwarded(jobs);
  const query = { job: null, failed: false, sinceMs: null, limit: 1_000 };
  const [runs, small] = await Promise.all([questions.ask("runs", query), questions.ask("jobs", null)]);
  expect(runs).toEqual([...jobs.answerRuns]);
  expect(small).toHaveLength(2);
});

test("an answer that is too large is refused by the worker, with what helps", async () => {
  const jobs = new FakeJobs();
  const stack = "x".repeat(longestAnswer);
  jobs.answerRuns = [runOf("poll", { error: { name: "Error", message: "no", stack } })];
  const query = { job: null, failed: false, sinceMs: null, limit: 1_000 };
  expect(await outcomeOf(forwarded(jobs).ask("runs", query))).toBe(413);
});

test("any text and any input goes to the worker and comes back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), fc.jsonValue(), async (name, input) => {
      const jobs = new FakeJobs();
      jobs.names.push(name);
      jobs.ended.resolve(runOf(name));
      const args = { job: name, input, until: "ended", follow: false } as const;
      const run = await forwarded(jobs).ask("trigger", args);
      expect(run).toEqual(runOf(name));
      // JSON has no -0.
      expect(JSON.stringify(jobs.asked)).toBe(JSON.stringify([{ job: name, input: input ?? undefined }]));
    }),
    { numRuns: 50 },
  );
});
