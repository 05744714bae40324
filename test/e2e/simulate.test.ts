// djob simulate: every time of a period, in order, and no handler runs.
import { expect, test } from "bun:test";
import { workspace } from "./harness.ts";

const module = `import { job } from "djob";
const never = () => { throw new Error("a handler ran"); };
job("daily", { cron: "0 9 * * *", tz: "Europe/Berlin" }, never);
job("twice", { cron: ["0 8 * * *", "0 20 * * *"], tz: "UTC" }, never);
job("bounded", { every: "6h", from: "2026-03-28T12:00:00Z", until: "2026-03-28T18:00:00Z" }, never);
`;

test("all jobs' times come in one row, over a change of the clocks as well", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const period = ["--from", "2026-03-28T00:00:00Z", "--to", "2026-03-29T23:59:59Z"];
  const { code, stdout, stderr } = await space.djob(["simulate", "worker.ts", ...period]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trimEnd().split("\n")).toEqual([
    "2026-03-28T08:00:00.000Z  daily",
    "2026-03-28T08:00:00.000Z  twice",
    "2026-03-28T12:00:00.000Z  bounded",
    "2026-03-28T18:00:00.000Z  bounded",
    "2026-03-28T20:00:00.000Z  twice",
    "2026-03-29T07:00:00.000Z  daily",
    "2026-03-29T08:00:00.000Z  twice",
    "2026-03-29T20:00:00.000Z  twice",
  ]);
  const json = await space.djob(["simulate", "worker.ts", ...period, "--json"]);
  expect(JSON.parse(json.stdout).times[2]).toEqual({ time: "2026-03-28T12:00:00.000Z", job: "bounded" });
});

test("a day alone is its midnight, where --tz says; so is a schedule without a zone of its own", async () => {
  const space = workspace();
  space.write("worker.ts", `${module}job("local", "30 2 * * *", never);\n`);
  const period = ["--from", "2026-03-29", "--to", "2026-03-30", "--tz", "Europe/Berlin"];
  const { stdout } = await space.djob(["simulate", "worker.ts", ...period, "--json"]);
  const { from, to, times } = JSON.parse(stdout);
  expect([from, to]).toEqual(["2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"]);
  expect(times.filter(({ job }: { job: string }) => job === "local")).toEqual([
    { time: "2026-03-29T01:30:00.000Z", job: "local" },
  ]);
});

test("a period that ends before it begins, or a time that is none, is exit code 2", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const reversed = ["--from", "2026-03-29T00:00:00Z", "--to", "2026-03-28T00:00:00Z"];
  expect((await space.djob(["simulate", "worker.ts", ...reversed])).code).toBe(2);
  const { code, stderr } = await space.djob(["simulate", "worker.ts", "--from", "noon"]);
  expect(code).toBe(2);
  expect(stderr).toContain('cannot use --from: cannot read the time "noon"');
});

test("a period without any time is told", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    'import { job } from "djob"; job("yearly", "@yearly", () => {}); job("on", "always", () => {});',
  );
  const args = ["simulate", "worker.ts", "--from", "2026-03-01", "--to", "2026-03-02"];
  const { code, stdout, stderr } = await space.djob(args);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toStartWith("warning: no job has a time from ");
});
