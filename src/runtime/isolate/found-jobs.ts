// The handlers that a module declares when it is loaded once more for its isolated jobs. What it declares has been checked in the
// worker; here only the handlers count.
import type { JobHandler } from "djob";
import { isRecord } from "../declare/values.ts";
import { declareScheduled } from "../loading/cloudflare.ts";
import type { LoadedModule } from "../loading/loader.ts";

export interface FoundJob {
  readonly handler: JobHandler;
  /** Its retry.when. */
  readonly mayRetry: ((error: unknown) => boolean) | null;
}

export class FoundJobs {
  readonly #jobs = new Map<string, FoundJob>();

  add(name?: unknown, scheduleOrOptions?: unknown, handler?: unknown): void {
    if (typeof name !== "string" || typeof handler !== "function" || this.#jobs.has(name)) return;
    this.#jobs.set(name, { handler: handler as JobHandler, mayRetry: judgeOf(scheduleOrOptions) });
  }

  /** Those of Cloudflare's form. */
  addScheduled(module: LoadedModule): void {
    declareScheduled(module, this);
  }

  find(name: string): FoundJob | null {
    return this.#jobs.get(name) ?? null;
  }
}

function judgeOf(options: unknown): FoundJob["mayRetry"] {
  if (!isRecord(options) || !isRecord(options["retry"])) return null;
  const { when } = options["retry"];
  return typeof when === "function" ? (when as (error: unknown) => boolean) : null;
}
