// Records on their way to a service that may be away or busy: kept in their order up to a bound, tried again, and the number of those
// that found no room is told when the service is back.
import type { Trouble } from "../trouble.ts";

/** "busy": it can't take more at this moment; `why`: it can't be reached; `refused`: why this record can never be sent. */
export type Sent = "sent" | "busy" | { readonly why: string } | { readonly refused: string };

export interface OutboxOptions {
  send(record: Uint8Array): Sent;
  /** What a record of djob's own looks like. */
  note(nowMs: number, message: string): Uint8Array;
  now(): number;
  readonly trouble: Trouble;
  /** It was away, and is back. */
  returned(): void;
}

const mostBytes = 8 * 2 ** 20;
const busyMs = 10;
const awayMs = 500;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #timer: Timer | undefined;
  #isAway = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  put(record: Uint8Array): void {
    if (this.#waiting.length === 0 && this.#try(record)) return;
    if (this.#bytes + record.length > mostBytes) {
      const { trouble, now } = this.#options;
      trouble.begin(trouble.state.reason ?? "it takes records too slowly", 1, now());
      return;
    }
    this.#waiting.push(record);
    this.#bytes += record.length;
    this.#later();
  }

  /** Sends what it can. @returns whether nothing waits any more */
  flush(): boolean {
    let sent = 0;
    for (const record of this.#waiting) {
      if (!this.#try(record)) break;
      sent += 1;
      this.#bytes -= record.length;
    }
    this.#waiting.splice(0, sent);
    if (this.#waiting.length > 0) {
      this.#later();
      return false;
    }
    this.#over();
    return true;
  }

  #over(): void {
    const { trouble, note, now } = this.#options;
    const { epitaph } = trouble;
    if (epitaph !== null && !this.#try(note(now(), epitaph))) this.#later();
    else trouble.end();
  }

  /** @returns whether it need not be tried again */
  #try(record: Uint8Array): boolean {
    const { send, trouble, now, returned } = this.#options;
    const result = send(record);
    if (result === "busy") return false;
    if (result !== "sent" && "refused" in result) {
      // It would keep back all that come after it.
      trouble.begin(result.refused, 1, now());
      this.#later();
      return true;
    }
    if (result !== "sent") {
      this.#isAway = true;
      trouble.begin(result.why, 0, now());
      return false;
    }
    if (this.#isAway) {
      this.#isAway = false;
      returned();
    }
    return true;
  }

  #later(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.flush();
      },
      this.#isAway ? awayMs : busyMs,
    );
    this.#timer.unref();
  }
}
