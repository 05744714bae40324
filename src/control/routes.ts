// The one table of what the control socket answers: the server's routing, its refusals, openapi.json and the README's table
// are made from it.
import { longestTimeoutMs } from "./messages.ts";
import { metricsType } from "./metrics.ts";
import { reference, type Schema } from "./schema.ts";
import { listOf } from "./schemas.ts";

export type Operation =
  | "status"
  | "jobs"
  | "why"
  | "trigger"
  | "pauseJob"
  | "resumeJob"
  | "pause"
  | "resume"
  | "runs"
  | "run"
  | "cancel"
  | "spec"
  | "reload"
  | "upgrade"
  | "stop"
  | "metrics"
  | "openapi";

export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly kind: "text" | "flag" | "count" | "time";
  readonly maximum?: number;
}

export interface Route {
  readonly operation: Operation;
  readonly method: "GET" | "POST";
  /** A name in braces stands for one percent-encoded segment: names may hold "/" and "@". */
  readonly path: string;
  readonly summary: string;
  readonly query: readonly Parameter[];
  /** JSON, which may be left out. */
  readonly body: Schema | null;
  readonly answer: Schema;
  /** The type of an answer that is not JSON. */
  readonly answerType?: string;
  /** What `?follow=true` answers with instead, a JSON value a line. */
  readonly lines: Schema | null;
  /** Besides 200, and 400 for a query, path or body that is wrong. */
  readonly refusals: readonly (keyof typeof refusalMeanings)[];
}

export const refusalMeanings = {
  404: "there is no such job or run",
  409: "not possible as things are: a run that has ended can't be cancelled, a program has no jobs",
  413: "too large",
  502: "what the worker answered is no answer",
  503: "the worker can't be asked: it blocks, is still loading or is being started again",
} as const;

export const linesType = "application/x-ndjson";
export const mostRuns = 10_000;
export const usualRuns = 100;

const plain = { query: [], body: null, lines: null, refusals: [] } as const;
const ofJobs = { ...plain, refusals: [409, 502, 503] } as const;
const ofOne = { ...plain, refusals: [404, 409, 502, 503] } as const;

export const routes: readonly Route[] = [
  {
    ...plain,
    operation: "status",
    method: "GET",
    path: "/status",
    summary: "the daemon and its jobs",
    answer: reference("DaemonStatus"),
  },
  {
    ...ofJobs,
    operation: "jobs",
    method: "GET",
    path: "/jobs",
    summary: "its jobs",
    answer: listOf("JobStatus"),
  },
  {
    ...ofOne,
    operation: "why",
    method: "GET",
    path: "/jobs/{name}/why",
    summary: "last runs and next times of a job, and why it did not run when it did not",
    answer: reference("WhyReport"),
  },
  {
    operation: "trigger",
    method: "POST",
    path: "/jobs/{name}/trigger",
    summary: "run a job now",
    query: [
      { name: "wait", kind: "flag", description: "answer when the run has ended and its record is written" },
      {
        name: "follow",
        kind: "flag",
        description: "answer with its lines as they come, newline-delimited JSON, the run's record last",
      },
    ],
    body: {
      type: "object",
      properties: { input: { description: "what the job is given as context.input: any JSON value" } },
      required: [],
      additionalProperties: false,
    },
    answer: reference("RunReport"),
    lines: reference("FollowLine"),
    refusals: [404, 409, 413, 502, 503],
  },
  {
    ...ofOne,
    operation: "pauseJob",
    method: "POST",
    path: "/jobs/{name}/pause",
    summary: "skip a job's times until it is resumed, also after a restart",
    answer: listOf("JobStatus"),
  },
  {
    ...ofOne,
    operation: "resumeJob",
    method: "POST",
    path: "/jobs/{name}/resume",
    summary: "run a job at its times again",
    answer: listOf("JobStatus"),
  },
  {
    ...ofJobs,
    operation: "pause",
    method: "POST",
    path: "/pause",
    summary: "pause all jobs",
    answer: listOf("JobStatus"),
  },
  {
    ...ofJobs,
    operation: "resume",
    method: "POST",
    path: "/resume",
    summary: "resume all jobs",
    answer: listOf("JobStatus"),
  },
  {
    ...ofOne,
    operation: "runs",
    method: "GET",
    path: "/runs",
    summary: "records of runs, the latest first",
    query: [
      { name: "job", kind: "text", description: "of this job only" },
      { name: "failed", kind: "flag", description: "only those that did not succeed and were not skipped" },
      { name: "since", kind: "time", description: "scheduled at or after" },
      { name: "limit", kind: "count", maximum: mostRuns, description: `how many, ${usualRuns} by default` },
    ],
    answer: listOf("RunReport"),
    refusals: [404, 409, 413, 502, 503],
  },
  {
    ...ofOne,
    operation: "run",
    method: "GET",
    path: "/runs/{id}",
    summary: "the record of one run",
    answer: reference("RunReport"),
  },
  {
    ...ofOne,
    operation: "cancel",
    method: "POST",
    path: "/runs/{id}/cancel",
    summary: "abort a run that goes on or waits",
    answer: reference("RunReport"),
  },
  {
    ...plain,
    operation: "spec",
    method: "GET",
    path: "/spec",
    summary: "what it was started with; secrets are masked",
    query: [{ name: "secrets", description: "whether to tell them", kind: "flag" }],
    answer: reference("SpecReport"),
  },
  {
    ...plain,
    operation: "reload",
    method: "POST",
    path: "/reload",
    summary: "load the modules anew; answered when the new code is ready or has failed",
    answer: reference("ReloadReport"),
  },
  {
    ...plain,
    operation: "upgrade",
    method: "POST",
    path: "/upgrade",
    summary: "become the djob that is on disk now",
    answer: reference("UpgradeReport"),
  },
  {
    ...plain,
    operation: "stop",
    method: "POST",
    path: "/stop",
    summary: "stop; answered when all runs have ended",
    query: [
      {
        name: "timeoutMs",
        kind: "count",
        maximum: longestTimeoutMs,
        description: "how long the runs may take, in milliseconds",
      },
      {
        name: "schedule",
        kind: "text",
        description: "steps such as TERM/30/KILL/5, where there is a supervisor",
      },
    ],
    answer: reference("StopReport"),
  },
  {
    ...plain,
    operation: "metrics",
    method: "GET",
    path: "/metrics",
    summary: "the daemon's and its jobs' numbers, in Prometheus' text format",
    answer: { type: "string" },
    answerType: metricsType,
  },
  {
    ...plain,
    operation: "openapi",
    method: "GET",
    path: "/openapi.json",
    summary: "this description",
    answer: { type: "object", properties: {}, required: [], additionalProperties: true },
  },
];
