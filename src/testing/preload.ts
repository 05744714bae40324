// What `djob test` has bun test load first: then "djob" and "djob/testing" are there with nothing installed.
import { plugin } from "bun";
import { handDownProcessEnvironment } from "../runtime/child-environment.ts";
import * as djob from "./djob.ts";
import { loadJobs, test } from "./main.ts";

// A djob that a job calls is to be djob again.
delete process.env["BUN_BE_BUN"];
handDownProcessEnvironment(null);

plugin({
  name: "djob",
  setup(build) {
    build.module("djob", () => ({ exports: { ...djob }, loader: "object" }));
    build.module("djob/testing", () => ({ exports: { test, loadJobs }, loader: "object" }));
  },
});
