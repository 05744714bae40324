// What the tests of src/libc must not do to the test runner itself: changes this process as its argument says, a list of
// calls in JSON, and prints what came of each.
import * as attributes from "../../src/libc/attributes.ts";
import * as identity from "../../src/libc/identity.ts";

type Call = readonly [name: string, ...values: unknown[]];

const functions: Readonly<Record<string, unknown>> = { ...attributes, ...identity };
const calls: readonly Call[] = JSON.parse(process.argv[2] ?? "[]");
const results = calls.map(([name, ...values]) => {
  const call = functions[name];
  if (typeof call !== "function") throw new Error(`there is no ${name}`);
  try {
    return call(...values) ?? null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
});
console.log(JSON.stringify(results));
// Whoever asked may look at this process now.
await Bun.stdin.text();
