// What Prometheus reads: each line is one of its text format, names are told by the format's rules, and text can't leave its quotes.
import { expect, test } from "bun:test";
import type { DaemonStatus } from "../../src/control/messages.ts";
import { metricsText } from "../../src/control/metrics.ts";
import { jobNamed, time } from "./fake-jobs.ts";

const status: DaemonStatus = {
  ...{ name: "worker", state: "running", pid: 1, workerPid: 2, startedAt: time, restarts: 3, lastExit: null },
  ...{ foreground: false, stopTimeoutMs: 1, modules: [], command: null, reason: null, version: "1.2" },
  ...{ commit: null, upgrades: 0, responsive: true },
  log: { target: "file", format: "text", state: "ok", reason: null, lostLines: 0 },
  history: { path: "/h", state: "ok", reason: null },
  paths: { pidfile: "/p", log: null, logErr: null, socket: "/s", history: "/h" },
  jobs: [
    { ...jobNamed("poll"), overdue: true, lastSuccess: time },
    { ...jobNamed('a"b\\c\nd'), state: "paused", next: null, last: null },
  ],
};

/** Its samples, by name and labels as they stand there. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\w+) (gauge|counter)$/.exec(line);
    if (type !== null) {
      expect(typed.has(type[1] ?? "")).toBe(false);
      expect((type[1] ?? "").endsWith("_total")).toBe(type[2] === "counter");
      typed.add(type[1] ?? "");
    }
    if (line.startsWith("#")) continue;
    const sample = /^([a-z_]+)(\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.e+]+)$/.exec(line);
    expect({ line, isSample: sample !== null }).toEqual({ line, isSample: true });
    expect(typed.has(sample?.[1] ?? "")).toBe(true);
    samples.set(`${sample?.[1]}${sample?.[2] ?? ""}`, Number(sample?.[3]));
  }
  return samples;
}

test("a daemon and its jobs", () => {
  const samples = samplesOf(metricsText(status, [{ job: "poll", outcome: "timed-out", runs: 7 }]));
  const seconds = Date.parse(time) / 1_000;
  expect(Object.fromEntries(samples)).toMatchObject({
    djob_up: 1,
    djob_restarts_total: 3,
    djob_history_ok: 1,
    'djob_info{name="worker",version="1.2"}': 1,
    'djob_job_runs_total{job="poll",outcome="timed-out"}': 7,
    'djob_job_overdue{job="poll"}': 1,
    'djob_job_last_success_timestamp_seconds{job="poll"}': seconds,
    'djob_job_next_start_timestamp_seconds{job="poll"}': seconds + 0.0015,
    'djob_job_last_run_duration_seconds{job="poll"}': 0.0035,
  });
  const odd = 'a\\"b\\\\c\\nd';
  expect(samples.get(`djob_job_paused{job="${odd}"}`)).toBe(1);
  expect(samples.has(`djob_job_last_success_timestamp_seconds{job="${odd}"}`)).toBe(false);
});

test("a worker that does not answer is down, and nothing is told of its jobs", () => {
  const samples = samplesOf(
    metricsText(
      { ...status, jobs: [], responsive: false, history: { ...status.history, state: null } },
      null,
    ),
  );
  expect(samples.get("djob_up")).toBe(0);
  expect(
    [...samples.keys()].filter((name) => name.startsWith("djob_job") || name.startsWith("djob_hist")),
  ).toEqual([]);
  expect(samplesOf(metricsText({ ...status, state: "backing-off" }, null)).get("djob_up")).toBe(0);
});
