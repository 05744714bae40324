// Gives user modules their `import { job } from "djob"`, with nothing installed.
import { plugin } from "bun";

export type Api = typeof import("djob");

/** From now on in this process, "djob" is a module that exports these. */
export function provideApi(api: Api): void {
  plugin({
    name: "djob",
    setup(build) {
      build.module("djob", () => ({ exports: { ...api }, loader: "object" }));
    },
  });
}
