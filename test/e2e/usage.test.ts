// The command line as a person meets it: help, and what a mistake is answered with.
import { describe, expect, test } from "bun:test";
import { workspace } from "./harness.ts";

const commands = ["run", "stop", "restart", "status", "list", "logs", "check", "version"];
const escapeSequence = "\u001b[";

describe("help", () => {
  test.each(commands)("djob %s --help has its usage and an example, on standard output", async (command) => {
    const space = workspace();
    const { code, stdout, stderr } = await space.djob([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`USAGE djob ${command}`);
    expect(stdout).toMatch(new RegExp(`EXAMPLES\\n\\n +djob ${command}`));
    expect(stdout).not.toContain(escapeSequence);
    expect((await space.djob(["help", command])).stdout).toBe(stdout);
    expect((await space.djob([command, "-h"])).stdout).toBe(stdout);
  });

  test("djob alone, djob help and djob --help list every command and exit code", async () => {
    const space = workspace();
    const { code, stdout } = await space.djob([]);
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\w`, "m"));
    for (const exit of [0, 1, 2, 4, 7, 8, 9, 70]) expect(stdout).toMatch(new RegExp(`^  ${exit} +\\w`, "m"));
    for (const flag of ["help", "--help", "-h"]) expect((await space.djob([flag])).stdout).toBe(stdout);
  });

  test("djob version tells version, commit and Bun's version", async () => {
    const space = workspace();
    const { code, stdout } = await space.djob(["version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^djob \d+\.\d+\.\d+\S* \(\S+, Bun 1\.\d+\.\d+, \w+ \w+\)\n$/);
    expect((await space.djob(["--version"])).stdout).toBe(stdout);
    expect(JSON.parse((await space.djob(["version", "--json"])).stdout)).toMatchObject({
      version: /djob (\S+)/.exec(stdout)?.[1],
      bun: expect.stringMatching(/^1\./),
    });
  });
});

describe("a mistake exits 2 and says what would be right", () => {
  test.each([
    ["sotp worker", 'there is no command "sotp"', "did you mean stop?"],
    ["worker.ts", 'there is no command "worker.ts"', "to start it: djob run worker.ts"],
    ["help nonsense", 'there is no command "nonsense"', "the commands are run, stop"],
    ["run worker.ts --naem x", "there is no flag --naem", "did you mean --name?"],
    ["run worker.ts --foregruond", "there is no flag --foregruond", "did you mean --foreground?"],
    ["run worker.ts --no-json", "there is no flag --no-json", "did you mean --json?"],
    ["stop worker --follow", "there is no flag --follow", "see djob stop --help"],
    ["logs worker -x", "there is no flag -x", "see djob logs --help"],
    ["run", "it needs a module", "see djob run --help"],
    ["start worker.ts", 'there is no command "start"', "to start one: djob run worker.ts"],
    ["ps", 'there is no command "ps"', "djob list"],
    ["constructor", 'there is no command "constructor"', "the commands are run, stop"],
    ["--all list", 'there is no command "--all"', "the command comes first"],
    ["run -d worker.ts", "there is no flag -d", "always goes to the background"],
    ["run worker.ts --cwd /tmp", "there is no flag --cwd", "write --chdir DIR"],
    ["run worker.ts --restart on-failur", "is none of", "write --restart on-failure"],
    ["stop -d", "there is no flag -d", "see djob stop --help"],
    ["why worker", "it needs a job", "see djob why --help"],
    ["next every 10s", 'stray argument "10s"', "put the schedule in quotes"],
    ["stop", "it needs a name", "see djob stop --help"],
    ["stop a b", 'stray argument "b"', "see djob stop --help"],
    ["list a", 'stray argument "a"', "see djob list --help"],
    ["version now", 'stray argument "now"', "see djob version --help"],
    ["run worker.ts --name", "--name needs a value", "see djob run --help"],
    ["run worker.ts --foreground=yes", '--foreground takes no value, and has "yes"', "see djob run --help"],
    ["run worker.ts --umask 999", '--umask "999" is not an octal mode', "write --umask 027"],
    ["run worker.ts --env novalue", '--env "novalue" is not KEY=VALUE', "write --env PORT=8080"],
    ["run worker.ts --env =x", '--env "=x" is not KEY=VALUE', "write --env PORT=8080"],
    ["run worker.ts --chdir nowhere", "is not a directory", "make it first"],
    ["run worker.ts --tz Europe/Berlim", "Europe/Berlim", "Europe/Berlin"],
    ["run worker.ts --ready-timeout 5", "--ready-timeout", "write --ready-timeout 30s"],
    [
      "run worker.ts --name a/b",
      'cannot use the name "a/b"',
      "choose another with --name, such as --name a-b",
    ],
    ["run Grüße.ts", 'cannot use the name "Grüße"', "such as --name Gru-e"],
    ["run ---.ts", "there is no flag ---.ts", "see djob run --help"],
    ["run --name x --", "nothing follows --", "write djob run [flags] -- command"],
    ["status ../worker", 'cannot use the name "../worker"', ""],
    ["logs worker -n many", 'cannot use -n "many"', "write -n 100"],
    ["logs worker -n -5", 'cannot use -n "-5"', "write -n 100"],
  ])("djob %s", async (line, message, hint) => {
    const space = workspace();
    space.write("worker.ts", 'import { job } from "djob"; job("hourly", "@hourly", () => {});');
    const { code, stdout, stderr } = await space.djob(line.split(" "));
    expect(stderr).toStartWith("djob: ");
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

test("a setting without which nothing of the system can be called is refused, and nothing is sought in the current directory", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  for (const name of ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"])
    space.write(name, "not a library, and never to be opened");
  for (const value of ["0", "false", "No"]) {
    const { code, stdout, stderr } = await space.djob(["run", "worker.ts"], {
      env: { BUN_JSC_useJIT: value },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith(
      `djob: cannot run with BUN_JSC_useJIT=${value} in the environment\nhint: unset it`,
    );
  }
  const { code, stderr } = await space.djob(["run", "worker.ts", "--env", "BUN_JSC_useJIT=0"]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining("cannot use --env BUN_JSC_useJIT=0"),
  });
});
