// Gives user modules their `import { job } from "djob"`, with nothing installed.
import { plugin } from "bun";

/** From now on in this process, "djob" is a module whose `job` is this function. */
export function provideApi(job: typeof import("djob").job): void {
  plugin({
    name: "djob",
    setup(build) {
      build.module("djob", () => ({ exports: { job }, loader: "object" }));
    },
  });
}
