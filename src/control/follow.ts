// The answer to a trigger that follows: what its run writes, as it comes, a JSON value a line. A reader that is slow does not
// make the daemon keep its lines for ever.
import type { RemoteJobs, TriggerArguments } from "./calls.ts";
import { ControlError } from "./jobs.ts";
import { linesType } from "./routes.ts";

const mostWaitingBytes = 1 << 20;

/** Answers when the run has begun; rejects with a ControlError if it can't. */
export async function followed(
  jobs: RemoteJobs,
  args: TriggerArguments,
  gone: AbortSignal,
): Promise<Response> {
  const left = new AbortController();
  const begun = Promise.withResolvers<void>();
  const { stream, write, end } = lineStream(() => left.abort());
  const ended = jobs.ask("trigger", args, {
    signal: AbortSignal.any([gone, left.signal]),
    meanwhile: {
      begun(run) {
        write({ begun: run });
        begun.resolve();
      },
      line: (line) => write({ line }),
    },
  });
  ended.then(
    (run) => end({ run }),
    (error: unknown) => end({ error: reportOf(error) }),
  );
  // An error before the run has begun is an answer of its own.
  await Promise.race([begun.promise, ended]);
  return new Response(stream, { headers: { "content-type": linesType } });
}

function reportOf(error: unknown): { code: number; message: string; hint: string | null } {
  if (error instanceof ControlError) return { code: error.status, message: error.message, hint: error.hint };
  return { code: 500, message: error instanceof Error ? error.message : String(error), hint: null };
}

interface LineStream {
  readonly stream: ReadableStream<Uint8Array>;
  write(value: unknown): void;
  /** The last line, which is never left out. */
  end(value: unknown): void;
}

function lineStream(whenLeft: () => void): LineStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let dropped = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      cancel() {
        controller = null;
        whenLeft();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: mostWaitingBytes }),
  );
  const put = (value: unknown) => controller?.enqueue(Buffer.from(`${JSON.stringify(value)}\n`));
  const tellDropped = () => {
    if (dropped > 0) put({ dropped });
    dropped = 0;
  };
  return {
    stream,
    write(value) {
      if ((controller?.desiredSize ?? 0) <= 0) {
        dropped += 1;
        return;
      }
      tellDropped();
      put(value);
    },
    end(value) {
      tellDropped();
      put(value);
      controller?.close();
      controller = null;
    },
  };
}
