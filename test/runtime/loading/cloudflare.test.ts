// A module's `scheduled` and `crons` become jobs, whose retry hears noRetry() as well as its own `when`.
import { describe, expect, test } from "bun:test";
import type { JobContext, JobOptions } from "djob";
import { declareScheduled } from "../../../src/runtime/loading/cloudflare.ts";

type Handler = (context: JobContext) => Promise<void>;
type Controller = { readonly cron: string; noRetry(): void };

function declared(form: object) {
  const jobs: Array<{ name: string; options: JobOptions; handler: Handler }> = [];
  const add = (...[name, options, handler]: unknown[]) =>
    void jobs.push({ name: String(name), options: options as JobOptions, handler: handler as Handler });
  declareScheduled({ path: "/w.ts", exports: { default: form } }, { add });
  return jobs;
}

const context = { scheduledAt: new Date(0) } as unknown as JobContext;

test("each cron is a job of its own", () => {
  const jobs = declared({ scheduled() {}, crons: ["0 1 * * *", "0 2 * * *"], isolate: true });
  expect(jobs.map(({ name, options }) => [name, options])).toEqual([
    ["scheduled 0 1 * * *", { cron: "0 1 * * *", isolate: true }],
    ["scheduled 0 2 * * *", { cron: "0 2 * * *", isolate: true }],
  ]);
});

describe("an attempt that failed is followed by another", () => {
  const isBusy = (error: unknown) => error === "busy";

  test.each([
    ["as a rule", {}, false, "lost", true],
    ["not after noRetry()", {}, true, "lost", false],
    ["if its own when says so", { when: isBusy }, false, "busy", true],
    ["not if its own when says otherwise", { when: isBusy }, false, "lost", false],
    ["not after noRetry(), whatever its own when says", { when: isBusy }, true, "busy", false],
  ])("%s", async (_when, more, gaveUp, error, expected) => {
    const [job] = declared({
      scheduled(controller: Controller) {
        if (gaveUp) controller.noRetry();
      },
      crons: ["* * * * *"],
      retry: { attempts: 3, ...more },
    });
    await job?.handler(context);
    expect(job?.options.retry).toMatchObject({ attempts: 3 });
    expect(job?.options.retry?.when?.(error)).toBe(expected);
  });
});

test("a retry that is none is left to be refused", () => {
  for (const retry of [3, { attempts: 3, when: "always" }])
    expect(declared({ scheduled() {}, crons: ["* * * * *"], retry })[0]?.options.retry).toEqual(
      retry as never,
    );
});
