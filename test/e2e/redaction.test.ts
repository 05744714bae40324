// Secrets in what djob itself says: status, spec, errors, runs and its records.
import { expect, test } from "bun:test";
import { until, workspace } from "./harness.ts";

const secret = "s3cret-value/+";

test("no secret in status, spec, runs, errors and records; a restart still has them", async () => {
  const space = workspace();
  space.write(".env", `DB_PASSWORD=${secret}\nPORT=8080\n`);
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("work", { every: "1h", catchUp: "none" }, ({ log }) => {
      log.info("connecting with " + process.env.DB_PASSWORD, { password: process.env.DB_PASSWORD, token: "sk-12345" });
      throw new Error("no access for " + process.env.DB_PASSWORD);
    });
    process.on("SIGUSR2", () => { throw new Error("crash with " + process.env.DB_PASSWORD); });`,
  );
  const flags = ["--env-file", ".env", "--redact", "sk-\\d+", "--log-format", "json"];
  await space.run(["worker.ts", ...flags]);
  const { stdout } = await space.djob(["trigger", "worker", "work", "--wait"]);
  expect(stdout).toContain("connecting with [redacted]");
  const { workerPid } = await space.status("worker");
  process.kill(workerPid ?? 0, "SIGUSR2");
  const status = await until("it was started again", async () => {
    const seen = await space.status("worker");
    return seen.restarts === 1 && seen.state === "running" && seen;
  });
  expect(status.lastExit).toContain("crash with [redacted]");
  const curl = async (path: string) =>
    await (await fetch(`http://djob${path}`, { unix: `${space.state}/worker.sock` })).text();
  const spec = await curl("/spec");
  expect(JSON.parse(spec).environment).toMatchObject({ DB_PASSWORD: "[redacted]", PORT: "8080" });
  expect(JSON.parse(await curl("/spec?secrets=true")).environment).toMatchObject({ DB_PASSWORD: secret });
  const runs = (await space.djob(["runs", "worker", "--json"])).stdout;
  expect(runs).toContain("no access for [redacted]");
  const records = space.read("worker.log");
  expect(records).toContain('"fields":{"password":"[redacted]","token":"[redacted]"}');
  expect(records).toContain("crash with [redacted]");
  for (const text of [stdout, JSON.stringify(status), spec, runs, records]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain("sk-12345");
  }
  await space.djob(["restart", "worker"]);
  expect(JSON.parse(await curl("/spec?secrets=true")).environment).toMatchObject({ DB_PASSWORD: secret });
  expect(await curl("/spec")).not.toContain(secret);
});

test("no secret in why a start failed", async () => {
  const space = workspace();
  space.write(".env", `API_TOKEN=${secret}\n`);
  space.write("worker.ts", "throw new Error('refused: ' + process.env.API_TOKEN);");
  const { code, stderr } = await space.djob(["run", "worker.ts", "--env-file", ".env"]);
  expect(code).toBe(9);
  expect(stderr).toContain("refused: [redacted]");
  expect(stderr).not.toContain(secret);
});

test("a program's last lines, told when it did not become ready", async () => {
  const space = workspace();
  space.write(".env", `API_TOKEN=${secret}\n`);
  const flags = ["--env-file", ".env", "--name", "x", "--ready-after", "5s", "--restart", "never"];
  const { stderr } = await space.djob(["run", ...flags, "--", "sh", "-c", "echo token $API_TOKEN; exit 3"]);
  expect(stderr).toContain("token [redacted]");
  expect(stderr).not.toContain(secret);
});

test("a pattern that is none is refused", async () => {
  const space = workspace();
  space.write("worker.ts", "setInterval(() => {}, 1e6);");
  const { code, stderr } = await space.djob(["run", "worker.ts", "--redact", "("]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("--redact") });
});
