// The OpenAPI document is true: each route, method and answer of the real server is what it says, in the worker's own process
// and through a supervisor.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { openapi } from "../../src/control/openapi.ts";
import { routes } from "../../src/control/routes.ts";
import { FakeJobs, oddName, runOf, time } from "./fake-jobs.ts";
import { type Ask, direct, forwarded, serve } from "./serving.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

const document = JSON.parse(JSON.stringify(openapi())) as Document;
const ajv = new Ajv({ strict: false, formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });

function errorsOf(operationId: string, status: number, type: string, value: unknown): unknown {
  const operation = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .find((one) => one.operationId === operationId);
  const schema = operation?.responses[status]?.content[type]?.schema;
  if (schema === undefined) return `${operationId} does not answer ${status} with ${type}`;
  const validate = ajv.compile({ ...schema, components: document.components });
  return validate(value) ? null : validate.errors;
}

test("openapi.json is the document that the routes make", () => {
  const text = readFileSync(join(import.meta.dir, "../../openapi.json"), "utf8");
  expect(JSON.parse(text)).toEqual(document);
});

const odd = encodeURIComponent(oddName);
const id = encodeURIComponent(`${oddName}@${time}`);
const post = (body?: string) => ({ method: "POST", ...(body === undefined ? {} : { body }) });

const requests: ReadonlyArray<
  readonly [operation: string, path: string, init: RequestInit | undefined, status: number]
> = [
  ["status", "/status", undefined, 200],
  ["spec", "/spec", undefined, 200],
  ["openapi", "/openapi.json", undefined, 200],
  ["stop", "/stop?timeoutMs=5", post(), 200],
  ["stop", "/stop?schedule=soon", post(), 400],
  ["reload", "/reload", post(), 200],
  ["upgrade", "/upgrade", post(), 200],
  ["status", "/status?x=1", undefined, 400],
  ["jobs", "/jobs", undefined, 200],
  ["metrics", "/metrics", undefined, 200],
  ["runs", `/runs?job=${odd}&failed=true&since=${time}&limit=5`, undefined, 200],
  ["runs", "/runs", undefined, 200],
  ["runs", "/runs?limit=10001", undefined, 400],
  ["runs", "/runs?limit=-1", undefined, 400],
  ["runs", "/runs?since=yesterday", undefined, 400],
  ["runs", "/runs?failed=1", undefined, 400],
  ["runs", "/runs?failed=true&failed=false", undefined, 400],
  ["run", `/runs/${id}`, undefined, 200],
  ["run", "/runs/nobody%40x", undefined, 404],
  ["run", "/runs/%ff", undefined, 400],
  ["cancel", `/runs/${id}/cancel`, post(), 409],
  ["trigger", `/jobs/${odd}/trigger`, post('{"input":{"a":[1]}}'), 200],
  ["trigger", "/jobs/poll/trigger", post(), 200],
  ["trigger", "/jobs/poll/trigger?wait=true", post("{}"), 200],
  ["trigger", "/jobs/nobody/trigger?wait=true", post(), 404],
  ["trigger", "/jobs/nobody/trigger?follow=true", post(), 404],
  ["trigger", "/jobs/poll/trigger", post("{"), 400],
  ["trigger", "/jobs/poll/trigger", post("[]"), 400],
  ["trigger", "/jobs/poll/trigger", post('{"inptu":1}'), 400],
  ["trigger", "/jobs/poll/trigger", post(`{"input":"${"x".repeat(1_100_000)}"}`), 413],
  ["pauseJob", `/jobs/${odd}/pause`, post(), 200],
  ["pauseJob", "/jobs/nobody/pause", post(), 404],
  ["resumeJob", `/jobs/${odd}/resume`, post(), 200],
  ["pause", "/pause", post(), 200],
  ["resume", "/resume", post(), 200],
  ["why", `/jobs/${odd}/why`, undefined, 200],
  ["why", "/jobs/nobody/why", undefined, 404],
];

const ways = [
  ["in the worker's own process", direct],
  ["through a supervisor", forwarded],
] as const;

describe.each(ways)("%s", (_way, remote) => {
  test("each request is answered with the status and the schema that the document says", async () => {
    const jobs = new FakeJobs();
    jobs.ended.resolve(runOf("poll"));
    const ask = serve(remote(jobs));
    for (const [operation, path, init, status] of requests) {
      const response = await ask(path, init);
      const type = response.headers.get("content-type") ?? "";
      const isText = type.startsWith("text/plain");
      const value: unknown = isText ? await response.text() : await response.json();
      const what = { operation, path, status: response.status };
      const told = isText ? type : "application/json";
      expect({ ...what, errors: errorsOf(operation, response.status, told, value) }).toEqual({
        ...{ operation, path, status },
        errors: null,
      });
    }
    expect(new Set(requests.map(([operation]) => operation))).toEqual(
      new Set(routes.map(({ operation }) => operation)),
    );
  });

  test("what is asked arrives as it was meant", async () => {
    const jobs = new FakeJobs();
    const ask = serve(remote(jobs));
    await ask(`/jobs/${odd}/trigger`, post('{"input":{"a":[null]}}'));
    await ask(`/runs?job=${odd}&failed=true&since=2026-11-24T10:30:00%2B01:00&limit=5`);
    await ask("/runs");
    expect(jobs.asked).toEqual([
      { job: oddName, input: { a: [null] } },
      { job: oddName, failed: true, sinceMs: Date.parse(time), limit: 5 },
      { job: null, failed: false, sinceMs: null, limit: 100 },
    ]);
  });

  test("a trigger that follows tells the run, its lines and its record", async () => {
    const jobs = new FakeJobs();
    const ask = serve(remote(jobs));
    const lines = await followed(ask, jobs, () => {
      jobs.say("one");
      jobs.say('two "…"\u0001');
      jobs.ended.resolve(runOf("poll"));
    });
    expect(lines).toEqual([
      { begun: runOf("poll", { outcome: null, endedAt: null, result: null }) },
      { line: "at once" },
      { line: "one" },
      { line: 'two "…"\u0001' },
      { run: runOf("poll") },
    ]);
    for (const line of lines) expect(errorsOf("trigger", 200, "application/x-ndjson", line)).toBeNull();
    expect(jobs.followers.size).toBe(0);
  });

  test("whoever leaves is not told any more, and the run goes on", async () => {
    const jobs = new FakeJobs();
    const ask = serve(remote(jobs));
    const gone = new AbortController();
    const response = await ask("/jobs/poll/trigger?follow=true", { ...post(), signal: gone.signal });
    await response.body?.getReader().read();
    expect(jobs.followers.size).toBe(1);
    gone.abort();
    while (jobs.followers.size > 0) await Bun.sleep(2);
    expect((await ask("/jobs")).status).toBe(200);
  });
});

async function followed(ask: Ask, jobs: FakeJobs, then: () => void): Promise<unknown[]> {
  const response = await ask("/jobs/poll/trigger?follow=true", post());
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  expect(jobs.followers.size).toBe(1);
  then();
  const text = await response.text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("every path refuses what no route takes, and says what it does take", async () => {
  const ask = serve(direct(new FakeJobs()));
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map(({ method }) => method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      if ((allowed as string[]).includes(method)) continue;
      const response = await ask(path.replace(/\{\w+\}/, "x"), { method });
      expect({ path, method, status: response.status }).toEqual({ path, method, status: 405 });
      expect(response.headers.get("allow")).toBe(allowed.join(", "));
      expect(await response.json()).toMatchObject({ error: { code: 405 } });
    }
  }
  for (const path of ["/", "/jobs/", "/jobs//why", "/jobs/a/b/why", "/runs/a/cancel/"]) {
    expect((await ask(path)).status).toBe(404);
  }
});
