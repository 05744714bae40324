// Listening to a chain of stages that was started: which way it went. Only the message "ready" means ready.
import { type Message, MessageReader } from "./readiness.ts";

export type Verdict =
  | Exclude<Message, { type: "spawned" }>
  /** The pipe ended: the process that was to become ready is dead, or dying. */
  | { readonly type: "closed" }
  | { readonly type: "timeout" }
  | { readonly type: "interrupted"; readonly signal: string };

/**
 * Whoever is told anything but "ready" or "checked" stays deaf to SIGINT and SIGTERM.
 * @param whenSpawned called with the worker's pid as soon as it is known
 */
export async function waitForVerdict(
  readiness: number,
  timeoutMs: number,
  whenSpawned: (pid: number) => void,
): Promise<Verdict> {
  const interruption = new AbortController();
  let timer: Timer | undefined;
  const onSignal = (signal: NodeJS.Signals) => interruption.abort(signal);
  const early = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve({ type: "timeout" }), timeoutMs);
    interruption.signal.addEventListener("abort", () =>
      resolve({ type: "interrupted", signal: String(interruption.signal.reason) }),
    );
  });
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const verdict = await Promise.race([readVerdict(readiness, whenSpawned), early]);
  clearTimeout(timer);
  // What did not become ready has to be ended now, and another signal must not disturb that.
  if (verdict.type === "ready" || verdict.type === "checked") {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
  return verdict;
}

async function readVerdict(readiness: number, whenSpawned: (pid: number) => void): Promise<Verdict> {
  const reader = new MessageReader();
  for await (const chunk of Bun.file(readiness).stream()) {
    for (const message of reader.read(chunk)) {
      if (message.type === "spawned") whenSpawned(message.pid);
      else return message;
    }
  }
  return { type: "closed" };
}
