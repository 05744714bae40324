// Modules in the form of Cloudflare's cron triggers: `export default { scheduled(controller, env, ctx), crons: ["…"] }`.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
import type { JobContext } from "djob";
import { isRecord } from "../declare/values.ts";
import { RegistrationError } from "../failure.ts";
import type { Registry } from "../registry.ts";
import type { LoadedModule } from "./loader.ts";

/** Declares a job for each of its crons, named `scheduled CRON`. @throws {RegistrationError} */
export function declareScheduled({ path, exports }: LoadedModule, registry: Pick<Registry, "add">): void {
  const form = exports["default"];
  if (!isRecord(form) || form["scheduled"] === undefined) return;
  const { scheduled, crons } = form;
  if (typeof scheduled !== "function")
    throw new RegistrationError(`cannot use ${path}: its scheduled is not a function`);
  if (!Array.isArray(crons) || crons.length === 0 || !crons.every((cron) => typeof cron === "string"))
    throw new RegistrationError(
      `cannot use ${path}: it exports scheduled, and no crons`,
      'write export default { scheduled() { … }, crons: ["*/5 * * * *"] }',
    );
  for (const cron of crons) declare(cron, form, scheduled as Scheduled, registry);
}

type Scheduled = (controller: object, env: object, context: object) => unknown;

function declare(
  cron: string,
  form: Readonly<Record<string, unknown>>,
  scheduled: Scheduled,
  registry: Pick<Registry, "add">,
): void {
  let mayRetry = true;
  const handler = async ({ scheduledAt }: JobContext) => {
    mayRetry = true;
    const promises: unknown[] = [];
    const controller = {
      type: "scheduled",
      cron,
      scheduledTime: scheduledAt.getTime(),
      noRetry() {
        mayRetry = false;
      },
    };
    const context = {
      waitUntil: (promise: unknown) => void promises.push(promise),
      passThroughOnException() {},
      props: {},
    };
    // As a method, because it may speak of `this`.
    await Reflect.apply(scheduled, form, [controller, process.env, context]);
    await Promise.all(promises);
  };
  const { retry } = form;
  const options: Record<string, unknown> =
    retry === undefined ? {} : { retry: isRecord(retry) ? withNoRetry(retry, () => mayRetry) : retry };
  for (const option of isolationOptions) if (form[option] !== undefined) options[option] = form[option];
  registry.add(`scheduled ${cron}`, { cron, ...options }, handler);
}

/** noRetry() wins over what the policy's own `when` says. */
function withNoRetry(
  retry: Readonly<Record<string, unknown>>,
  mayRetry: () => boolean,
): Readonly<Record<string, unknown>> {
  const { when } = retry;
  if (when !== undefined && typeof when !== "function") return retry;
  return { ...retry, when: (error: unknown) => mayRetry() && (when === undefined || Boolean(when(error))) };
}

/** djob's own, beside `retry`. */
const isolationOptions = ["isolate", "warm", "maxMemory", "maxCpu"] as const;
