// Dead-man's switches in the form of healthchecks.io (https://healthchecks.io/docs/http_api/): a POST to URL/start, URL or
// URL/fail, with the last log lines as its body. One after another for each job, so that they come in order.
import { type Clock, longestTimerMs } from "../clock.ts";
import type { PingPolicy } from "../job.ts";
import type { Journal } from "../journal.ts";

/** What healthchecks.io keeps of a body. */
const maximumBodyLength = 100_000;
/** Before the first repetition; twice as long before each further one. */
const firstPauseMs = 1_000;

type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

export class Ping {
  readonly #clock: Pick<Clock, "after">;
  readonly #journal: Journal;
  readonly #fetch: Fetcher;
  readonly #latest = new Map<string, Promise<void>>();

  constructor(clock: Pick<Clock, "after">, journal: Journal, fetcher: Fetcher = fetch) {
    this.#clock = clock;
    this.#journal = journal;
    this.#fetch = fetcher;
  }

  /** Sends it in the background; a failure is a line in the log. */
  send(job: string, policy: PingPolicy, suffix: "" | "/start" | "/fail", body: string): void {
    const before = this.#latest.get(job) ?? Promise.resolve();
    const sent = before.then(() => this.#send(job, policy, suffix, body.slice(-maximumBodyLength)));
    this.#latest.set(job, sent);
    void sent.then(() => {
      if (this.#latest.get(job) === sent) this.#latest.delete(job);
    });
  }

  /** @returns when all that was sent has arrived or was given up, or that time is over: then the log says what is left */
  async settle(withinMs: number): Promise<void> {
    if (this.#latest.size === 0) return;
    await inTime(this.#clock, withinMs, Promise.all(this.#latest.values()));
    for (const job of this.#latest.keys())
      this.#journal.write("warn", "its ping had not arrived when the worker ended", job);
  }

  async #send(job: string, policy: PingPolicy, suffix: string, body: string): Promise<void> {
    const url = withSuffix(policy.url, suffix);
    let problem = "";
    for (let attempt = 0; attempt <= policy.retries; attempt += 1) {
      if (attempt > 0) await this.#pause(firstPauseMs * 2 ** (attempt - 1));
      try {
        const signal = AbortSignal.timeout(Math.min(policy.timeoutMs, longestTimerMs));
        const response = await this.#fetch(url, { method: "POST", body, signal });
        await response.body?.cancel();
        if (response.ok) return;
        problem = `HTTP status ${response.status}`;
        // It will not know the address the next time either.
        if (response.status >= 400 && response.status < 500 && response.status !== 429) break;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
    // The address may hold a secret: its host is enough.
    const where = `${new URL(url).host}${suffix}`;
    this.#journal.write("warn", `the ping to ${where} failed: ${problem}`, job);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve);
    });
  }
}

/** @returns when something is over, or that time is */
export async function inTime(
  clock: Pick<Clock, "after">,
  withinMs: number,
  something: Promise<unknown>,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(withinMs, resolve);
  await Promise.race([late, something]);
  cancel();
}

/** Pure: the suffix belongs to the path, before a query. */
function withSuffix(text: string, suffix: string): string {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${suffix}`;
  return url.href;
}
