// The routes that ask for jobs and runs: from a request's path, query and body to the worker's answer.
import type { RemoteJobs, TriggerArguments } from "./calls.ts";
import { followed } from "./follow.ts";
import { ControlError } from "./jobs.ts";
import { longestBodyBytes } from "./messages.ts";
import { type Operation, usualRuns } from "./routes.ts";
import { inputOf, type Matched, queryOf, type Value } from "./routing.ts";

export type JobOperation = Exclude<
  Operation,
  "status" | "spec" | "reload" | "upgrade" | "stop" | "metrics" | "openapi"
>;

type Query = Readonly<Record<string, Value>>;

export interface JobRequest {
  readonly request: Request;
  readonly first: string;
  readonly query: Query;
  readonly jobs: RemoteJobs;
}

export async function answerJobs(
  operation: JobOperation,
  { route, segments }: Matched,
  request: Request,
  jobs: RemoteJobs,
): Promise<Response> {
  const query = queryOf(route, new URL(request.url).searchParams);
  return await answers[operation]({ request, first: segments[0] ?? "", query, jobs });
}

const answers: Readonly<Record<JobOperation, (asked: JobRequest) => Promise<Response>>> = {
  jobs: async ({ jobs }) => Response.json(await jobs.ask("jobs", null)),
  why: async ({ jobs, first }) => Response.json(await jobs.ask("why", { job: first })),
  run: async ({ jobs, first }) => Response.json(await jobs.ask("run", { id: first })),
  cancel: async ({ jobs, first }) => Response.json(await jobs.ask("cancel", { id: first })),
  pauseJob: async ({ jobs, first }) => Response.json(await jobs.ask("pause", { job: first })),
  resumeJob: async ({ jobs, first }) => Response.json(await jobs.ask("resume", { job: first })),
  pause: async ({ jobs }) => Response.json(await jobs.ask("pause", { job: null })),
  resume: async ({ jobs }) => Response.json(await jobs.ask("resume", { job: null })),
  async runs({ jobs, query }) {
    const { job = null, failed = false, since = null, limit = usualRuns } = query;
    const asked = {
      job: job === null ? null : String(job),
      failed: failed === true,
      sinceMs: since === null ? null : Number(since),
      limit: Number(limit),
    };
    return Response.json(await jobs.ask("runs", asked));
  },
  trigger,
};

async function trigger({ request, first, query, jobs }: JobRequest): Promise<Response> {
  const input = inputOf(await bodyOf(request));
  const follow = query["follow"] === true;
  const until = follow || query["wait"] === true ? "ended" : "begun";
  const args: TriggerArguments = { job: first, input, until, follow };
  if (follow) return await followed(jobs, args, request.signal);
  return Response.json(await jobs.ask("trigger", args, { signal: request.signal }));
}

async function bodyOf(request: Request): Promise<string> {
  const tooLarge = () => new ControlError(413, `the body is larger than ${longestBodyBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > longestBodyBytes) throw tooLarge();
  const text = await request.text();
  if (Buffer.byteLength(text) > longestBodyBytes) throw tooLarge();
  return text;
}
