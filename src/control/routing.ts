// Which route a request means, and what it asks with: path, query and body, checked against the table. Pure.
import { ControlError } from "./jobs.ts";
import type { Parameter, Route } from "./routes.ts";
import { routes } from "./routes.ts";

export interface Matched {
  readonly route: Route;
  /** What stands in the path's places in braces, decoded. */
  readonly segments: readonly string[];
}

export type Value = string | number | boolean;

/** @throws {ControlError} 404, or 400 for a segment that can't be decoded; @returns the methods that the path takes, if not this one */
export function match(method: string, pathname: string): Matched | readonly string[] {
  const given = pathname.split("/");
  const fitting = routes.filter(({ path }) => fitsPath(path.split("/"), given));
  const route = fitting.find((one) => one.method === method);
  if (route !== undefined) return { route, segments: segmentsOf(route, given) };
  if (fitting.length > 0) return fitting.map((one) => one.method);
  const known = routes.map((one) => `${one.method} ${one.path}`).join(", ");
  throw new ControlError(404, `there is no ${pathname}`, `known are ${known}`);
}

function fitsPath(template: readonly string[], given: readonly string[]): boolean {
  return (
    template.length === given.length &&
    template.every((part, index) => (isPlace(part) ? given[index] !== "" : part === given[index]))
  );
}

function isPlace(part: string): boolean {
  return part.startsWith("{");
}

function segmentsOf({ path }: Route, given: readonly string[]): string[] {
  return path.split("/").flatMap((part, index) => (isPlace(part) ? [decoded(given[index] ?? "")] : []));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ControlError(400, `${JSON.stringify(segment)} is not percent-encoded UTF-8`, "write % as %25");
  }
}

/** @throws {ControlError} 400 */
export function queryOf(
  { query, method, path }: Route,
  given: URLSearchParams,
): Readonly<Record<string, Value>> {
  const values: Record<string, Value> = {};
  for (const [name, text] of given) {
    const parameter = query.find((one) => one.name === name);
    if (parameter === undefined) {
      const known = query.map((one) => one.name).join(", ");
      const hint = known === "" ? "it takes none" : `known are ${known}`;
      throw new ControlError(400, `${method} ${path} has no parameter ${JSON.stringify(name)}`, hint);
    }
    if (name in values) throw new ControlError(400, `${name} is given twice`, "give it once");
    values[name] = parameterValue(parameter, text);
  }
  return values;
}

const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

function parameterValue({ name, kind, maximum = Number.MAX_SAFE_INTEGER }: Parameter, text: string): Value {
  const refuse = (hint: string) => new ControlError(400, `${name} is ${JSON.stringify(text)}`, hint);
  switch (kind) {
    case "text":
      return text;
    case "flag":
      if (text !== "true" && text !== "false") throw refuse("give true or false");
      return text === "true";
    case "count":
      if (!/^\d{1,16}$/.test(text) || Number(text) > maximum)
        throw refuse(`give a whole number, at most ${maximum}`);
      return Number(text);
    case "time": {
      const timeMs = isoTime.test(text) ? Date.parse(text) : Number.NaN;
      if (Number.isNaN(timeMs)) throw refuse("give a time such as 2026-11-24T09:30:00Z");
      return timeMs;
    }
  }
}

/** @returns null for none; @throws {ControlError} 400 */
export function inputOf(body: string): unknown {
  if (body.trim() === "") return null;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ControlError(400, `the body is not JSON: ${why}`, inputHint);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ControlError(400, "the body is not a JSON object", inputHint);
  const stray = Object.keys(value).find((name) => name !== "input");
  if (stray !== undefined)
    throw new ControlError(400, `the body has no field ${JSON.stringify(stray)}`, inputHint);
  return (value as { readonly input?: unknown }).input ?? null;
}

const inputHint = 'send {"input": …} or nothing';
