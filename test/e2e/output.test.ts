// Where output goes and in which form: one JSON document, plain text, or colours on a real terminal.
import { describe, expect, test } from "bun:test";
import { djobPath, type Workspace, workspace } from "./harness.ts";

const idle = 'import { job } from "djob"; job("hourly", "@hourly", () => {});';
const escapeSequence = "\u001b[";

describe("--json prints one document on standard output and nothing else, also for errors", () => {
  test.each([
    ["run missing.ts --json", 9],
    ["run broken.ts --json", 9],
    ["run worker.ts --nmae x --json", 2],
    ["run worker.ts --name --json", 2],
    ["run worker.ts --foreground --json", 2],
    ["stop nobody --json", 7],
    ["stop --json", 2],
    ["restart nobody --json", 7],
    ["status a/b --json", 2],
    ["list stray --json", 2],
    ["logs nobody --json", 7],
    ["check broken.ts --json", 9],
    ["version stray --json", 2],
    ["nonsense --json", 2],
  ])("djob %s", async (line, expected) => {
    const space = workspace();
    space.write("worker.ts", idle);
    space.write("broken.ts", "const a = ;");
    const { code, stdout, stderr } = await space.djob(line.split(" "));
    expect({ code, stderr }).toEqual({ code: expected, stderr: "" });
    const { error, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    expect(Object.keys(error)).toEqual(["code", "message", "hint"]);
    expect(error.code).toBe(expected);
    expect(error.message).not.toBe("");
  });

  test("with --ok the code is 0 and the document tells why nothing was done", async () => {
    const space = workspace();
    const { code, stdout } = await space.djob(["stop", "nobody", "--ok", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 7 } });
  });
});

/** Runs a djob command on a terminal of its own. @returns what the terminal showed */
async function onTerminal(space: Workspace, line: string, env: Record<string, string | undefined> = {}) {
  const child = Bun.spawn(["script", "-qec", `${djobPath} ${line}`, "/dev/null"], {
    cwd: space.dir,
    // citty's help is plain in what it takes for a CI or a test.
    env: {
      ...space.environment({ NO_COLOR: undefined, CI: undefined, TEST: undefined, ...env }),
      SHELL: "/bin/sh",
      TERM: "xterm-256color",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const shown = await child.stdout.text();
  return { code: await child.exited, shown };
}

describe("colours", () => {
  test("are shown on a terminal, in every command for people", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const { code, shown } = await onTerminal(space, "run worker.ts");
    expect(code).toBe(0);
    expect(shown).toContain(`${escapeSequence}32m✔${escapeSequence}39m worker is running`);
    for (const line of ["status worker", "list", "help run", "stop nobody", "stop worker"]) {
      expect((await onTerminal(space, line)).shown).toContain(escapeSequence);
    }
  });

  test("are not shown on a terminal with NO_COLOR, nor with --json", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    await space.run(["worker.ts"]);
    for (const line of ["status worker", "list", "help run", "stop nobody"]) {
      const { shown } = await onTerminal(space, line, { NO_COLOR: "1" });
      expect(shown).not.toBe("");
      expect(shown).not.toContain(escapeSequence);
    }
    const { shown } = await onTerminal(space, "status worker --json");
    expect(JSON.parse(shown)).toMatchObject({ name: "worker" });
  });

  test("are not shown where there is no terminal", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const outputs = [];
    for (const line of ["run worker.ts", "status worker", "list", "help run", "stop nobody", "stop worker"]) {
      outputs.push(await space.djob(line.split(" "), { env: { NO_COLOR: undefined } }));
    }
    for (const { stdout, stderr } of outputs) {
      expect(stdout + stderr).not.toBe("");
      expect(stdout + stderr).not.toContain("\u001b");
    }
  });
});
