// The jobs that the modules declare, in their order, each name once.

import type { Hooks } from "djob";
import { commandUser } from "./command/account.ts";
import { defineJob } from "./declare/declare.ts";
import { hookNames, hooksOf } from "./declare/policies.ts";
import { describe, isRecord } from "./declare/values.ts";
import type { UserFinder } from "./declare/work.ts";
import { RegistrationError } from "./failure.ts";
import type { JobDefinition } from "./job.ts";

export class Registry {
  readonly #host: string;
  readonly #jobs = new Map<string, JobDefinition>();
  readonly #hooks: Hooks[] = [];
  #onAdded: (job: JobDefinition) => void = () => {};
  /** The path of the module that is being loaded, which a job's thread or process loads again; null: none is. */
  module: string | null = null;

  /** Knows the users that a command may have. */
  readonly findUser: UserFinder;

  /** @param host what hashed fields and jitter are spread by, besides the job's name */
  constructor(host: string, findUser: UserFinder = commandUser) {
    this.#host = host;
    this.findUser = findUser;
  }

  get jobs(): readonly JobDefinition[] {
    return [...this.#jobs.values()];
  }

  /** What is called for every job. */
  get hooks(): readonly Hooks[] {
    return this.#hooks;
  }

  has(name: string): boolean {
    return this.#jobs.has(name);
  }

  /** Another one, without jobs, in which the same would be declared. */
  fresh(): Registry {
    return new Registry(this.#host, this.findUser);
  }

  /** From now on each new job is handed over; a module may declare one at any time. */
  whenAdded(listener: (job: JobDefinition) => void): void {
    this.#onAdded = listener;
  }

  /** @throws {RegistrationError | ScheduleError} for what a module's author has to mend */
  add(name?: unknown, scheduleOrOptions?: unknown, handler?: unknown): void {
    const job = this.#define(name, scheduleOrOptions, handler);
    if (this.#jobs.has(job.name)) {
      throw new RegistrationError(
        `cannot declare the job "${job.name}": there is already a job of this name`,
        "give each job of a daemon a name of its own",
      );
    }
    this.#jobs.set(job.name, job);
    this.#onAdded(job);
  }

  #define(name: unknown, scheduleOrOptions: unknown, handler: unknown): JobDefinition {
    try {
      return defineJob(name, scheduleOrOptions, handler, this.#host, this.findUser, this.module);
    } catch (error) {
      // A stack has ten frames, and djob's own would leave none for whoever called job().
      if (error instanceof Error) Error.captureStackTrace(error, this.add);
      throw error;
    }
  }

  /** @throws {RegistrationError} */
  addHooks(hooks?: unknown): void {
    if (!isRecord(hooks))
      throw new RegistrationError(
        `cannot use the hooks ${describe(hooks)}`,
        "write hooks({ onFailure(event) { … } })",
      );
    const unknown = Object.keys(hooks).find((name) => !hookNames.some((known) => known === name));
    if (unknown !== undefined)
      throw new RegistrationError(
        `cannot use the hook "${unknown}": there is none of that name`,
        `the hooks are ${hookNames.join(", ")}`,
      );
    this.#hooks.push(hooksOf({ job: "the daemon's hooks", options: hooks }));
  }
}
