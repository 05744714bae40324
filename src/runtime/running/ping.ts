// Dead-man's switches in the form of healthchecks.io (https://healthchecks.io/docs/http_api/): a POST to URL/start, URL or
// URL/fail, with the last log lines as its body. One after another for each job, so that they come in order.
import { type Clock, longestTimerMs } from "../clock.ts";
import type { PingPolicy } from "../job.ts";
import type { Journal } from "../journal.ts";

/** What healthchecks.io keeps of a body. */
const maximumBodyLength = 100_000;
/** Before the first repetition; twice as long before each further one. */
const firstPauseMs = 1_000;

/** So many of a job wait for those before. Of more, the oldest are left out: what they say is out of date. */
const mostWaiting = 20;

type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

interface Message {
  readonly policy: PingPolicy;
  readonly suffix: "" | "/start" | "/fail";
  readonly body: string;
}

/** The pings of a job, one of which is on its way. */
interface Line {
  readonly waiting: Message[];
  leftOut: number;
  over: Promise<void>;
}

export class Ping {
  readonly #clock: Pick<Clock, "after">;
  readonly #journal: Journal;
  readonly #fetch: Fetcher;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Pick<Clock, "after">, journal: Journal, fetcher: Fetcher = fetch) {
    this.#clock = clock;
    this.#journal = journal;
    this.#fetch = fetcher;
  }

  /** Sends it in the background; a failure is a line in the log. */
  send(job: string, policy: PingPolicy, suffix: Message["suffix"], body: string): void {
    const message = { policy, suffix, body: body.slice(-maximumBodyLength) };
    const before = this.#lines.get(job);
    if (before === undefined) {
      const line: Line = { waiting: [message], leftOut: 0, over: Promise.resolve() };
      this.#lines.set(job, line);
      // The run that begins does not wait for the making of a request.
      line.over = Promise.resolve().then(() => this.#sendAll(job, line));
      return;
    }
    before.waiting.push(message);
    if (before.waiting.length <= mostWaiting) return;
    before.waiting.shift();
    before.leftOut += 1;
  }

  /** @returns when all that was sent has arrived or was given up, or that time is over: then the log says what is left */
  async settle(withinMs: number): Promise<void> {
    if (this.#lines.size === 0) return;
    const all = [...this.#lines.values()].map(({ over }) => over);
    await inTime(this.#clock, withinMs, Promise.all(all));
    for (const job of this.#lines.keys())
      this.#journal.write("warn", "its ping had not arrived when the worker ended", job);
  }

  async #sendAll(job: string, line: Line): Promise<void> {
    for (let next = line.waiting.shift(); next !== undefined; next = line.waiting.shift())
      await this.#send(job, next);
    this.#lines.delete(job);
    if (line.leftOut > 0)
      this.#journal.write(
        "warn",
        `${line.leftOut} of its pings were left out: they came faster than they arrived`,
        job,
      );
  }

  async #send(job: string, { policy, suffix, body }: Message): Promise<void> {
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
