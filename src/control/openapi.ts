// The OpenAPI document of the control socket, made from the table of routes. Pure.
import { linesType, type Parameter, type Route, refusalMeanings, routes } from "./routes.ts";
import { reference, type Schema } from "./schema.ts";
import { schemas } from "./schemas.ts";

export function openapi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "djob's control socket",
      version: "1.0.0",
      description:
        "HTTP over the Unix socket NAME.sock of a daemon. Times are ISO 8601 in UTC with milliseconds, durations end in Ms. Names of jobs and ids of runs in a path are percent-encoded.",
    },
    paths,
    components: { schemas },
  };
}

function operationOf({
  operation,
  path,
  summary,
  query,
  body,
  answer,
  answerType,
  lines,
  refusals,
}: Route): object {
  const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const content = {
    [answerType ?? "application/json"]: { schema: answer },
    ...(lines === null ? {} : { [linesType]: { schema: lines } }),
  };
  const takesInput = places.length > 0 || body !== null;
  const meanings = Object.fromEntries(refusals.map((status) => [status, refusalMeanings[status]]));
  return {
    operationId: operation,
    summary,
    parameters: [
      ...places.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      ...query.map((parameter) => ({
        name: parameter.name,
        in: "query",
        description: parameter.description,
        schema: schemaOf(parameter),
      })),
    ],
    ...(body === null
      ? {}
      : { requestBody: { required: false, content: { "application/json": { schema: body } } } }),
    responses: {
      200: { description: "done", content },
      400: refusal(takesInput ? "a path, query or body that is wrong" : "a query that is wrong"),
      ...Object.fromEntries(Object.entries(meanings).map(([status, meaning]) => [status, refusal(meaning)])),
      405: refusal("another method; the header Allow names those that it takes"),
      500: refusal("a bug in djob"),
    },
  };
}

function refusal(description: string): object {
  return { description, content: { "application/json": { schema: reference("ErrorReport") } } };
}

function schemaOf({ kind, maximum }: Parameter): Schema {
  switch (kind) {
    case "text":
      return { type: "string" };
    case "flag":
      return { type: "boolean" };
    case "count":
      return { type: "integer", minimum: 0, ...(maximum === undefined ? {} : { maximum }) };
    case "time":
      return { type: "string", description: "ISO 8601, with an offset or Z if it has a time of day" };
  }
}
