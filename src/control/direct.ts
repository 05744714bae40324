// A worker's jobs for whoever is in the same process.
import type { AskOptions, CallName, Calls, RemoteJobs, TriggerArguments } from "./calls.ts";
import { ControlError, type JobsControl, type RunReport } from "./jobs.ts";

/** @param isLoading whether the modules are being loaded: nothing runs before they are */
export function directJobs(control: JobsControl, isLoading: () => boolean): RemoteJobs {
  return {
    async ask<Name extends CallName>(
      call: Name,
      args: Calls[Name]["args"],
      options: AskOptions = {},
    ): Promise<Calls[Name]["answer"]> {
      if (call !== "jobs" && call !== "report" && isLoading())
        throw new ControlError(503, "the daemon is still loading its modules", "try again in a moment");
      return await (answer[call] as Answerer<Name>)(control, args, options);
    },
  };
}

type Answerer<Name extends CallName> = (
  control: JobsControl,
  args: Calls[Name]["args"],
  options: AskOptions,
) => Calls[Name]["answer"] | Promise<Calls[Name]["answer"]>;

const answer: { readonly [Name in CallName]: Answerer<Name> } = {
  report: (control) => control.report(),
  jobs: (control) => control.jobs(),
  counts: (control) => control.counts(),
  runs: (control, query) => control.runs(query),
  run: (control, { id }) => control.run(id),
  trigger,
  cancel: (control, { id }) => control.cancel(id),
  pause: (control, { job }) => control.pause(job),
  resume: (control, { job }) => control.resume(job),
  why: (control, { job }) => control.why(job),
};

async function trigger(
  control: JobsControl,
  { job, input, until, follow }: TriggerArguments,
  { signal, meanwhile }: AskOptions,
): Promise<RunReport> {
  let stop = () => {};
  const { run, ended } = control.trigger(job, input ?? undefined, (begun) => {
    if (follow && meanwhile !== undefined) stop = control.follow(begun.id, (line) => meanwhile.line(line));
    // The handler may hold up the event loop, and every later answer with it.
    meanwhile?.begun(begun);
  });
  if (until === "begun") return run;
  const gone = whenAborted(signal);
  try {
    return await Promise.race([ended, gone.promise]);
  } finally {
    stop();
    gone.forget();
  }
}

function whenAborted(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = () => reject(new ControlError(499, "nobody waits for the answer any more"));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { promise, forget: () => signal?.removeEventListener("abort", abort) };
}
