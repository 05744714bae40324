// Attributes and identity, each set in a process of its own and read back from /proc.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const nobody = 65_534;
const child = new URL("privileged-child.ts", import.meta.url).pathname;

type Call = readonly [name: string, ...values: unknown[]];

/** Makes the calls in a new process, and hands its pid over while it lives. */
async function changed<T>(
  calls: readonly Call[],
  look: (pid: number, results: unknown[]) => T | Promise<T>,
): Promise<T> {
  const changing = Bun.spawn([process.execPath, child, JSON.stringify(calls)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await changing.stdout.getReader().read();
  try {
    return await look(changing.pid, JSON.parse(Buffer.from(value ?? []).toString()));
  } finally {
    changing.stdin.end();
    await changing.exited;
  }
}

function statusOf(pid: number, field: string): string {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${field}:[ \\t]*(.*?)[ \\t]*$`, "m").exec(text)?.[1] ?? "";
}

function statOf(pid: number, field: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[field - 3]);
}

function limitOf(pid: number, name: string): string {
  return (
    new RegExp(`^${name}\\s+(\\S+\\s+\\S+)`, "m").exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? ""
  );
}

test("a nice value, an I/O priority, a policy and processors", async () => {
  const calls: Call[] = [
    ["setNice", 7],
    ["setIoPriority", "best-effort", 6],
    ["setScheduler", "batch", 0],
    ["setProcessors", [0]],
    ["forbidNewPrivileges"],
  ];
  await changed(calls, (pid, results) => {
    expect(results).toEqual([null, null, null, null, null]);
    expect(statOf(pid, 19)).toBe(7);
    expect(statOf(pid, 41)).toBe(3);
    expect(Bun.spawnSync(["ionice", "-p", String(pid)]).stdout.toString()).toBe("best-effort: prio 6\n");
    expect(statusOf(pid, "Cpus_allowed_list")).toBe("0");
    expect(statusOf(pid, "NoNewPrivs")).toBe("1");
  });
});

test("limits: a number, a size, unlimited", async () => {
  const calls: Call[] = [
    ["setLimit", "nofile", 200, 300],
    ["setLimit", "core", 2 ** 20, 2 ** 33],
    ["setLimit", "cpu", 1000, null],
  ];
  await changed(calls, (pid, results) => {
    expect(results).toEqual([null, null, null]);
    expect(limitOf(pid, "Max open files")).toBe("200                  300");
    expect(limitOf(pid, "Max core file size")).toMatch(/^1048576\s+8589934592$/);
    expect(limitOf(pid, "Max cpu time")).toMatch(/^1000\s+unlimited$/);
  });
});

test("what the kernel refuses is an error that says which", async () => {
  const calls: Call[] = [
    ["setLimit", "nofile", 300, 200],
    ["setProcessors", [8191]],
    ["changeRoot", "/djob-no-such-directory"],
  ];
  await changed(calls, (_pid, results) => {
    expect(results).toEqual([
      "SystemError: cannot set the limit nofile to 300:200: Invalid argument",
      "SystemError: cannot use the processors 8191: Invalid argument",
      expect.stringMatching(/^SystemError: cannot make \/djob-no-such-directory the root directory: /),
    ]);
  });
});

test("what C would take for something else never reaches it", async () => {
  const calls: Call[] = [
    ["setNice", null],
    ["setNice", 20],
    ["setIoPriority", "idle", 8],
    ["setScheduler", "fifo", 100],
    ["setProcessors", [-1]],
    ["setLimit", "core", -1, null],
    ["setUser", null],
    ["setUser", 2 ** 32 - 1],
    ["setGroup", 2 ** 32],
    ["setSupplementaryGroups", [-1]],
    ["changeRoot", ""],
  ];
  await changed(calls, (_pid, results) => {
    for (const result of results) expect(result).toMatch(/^(TypeError|RangeError): /);
  });
});

// Only root can become somebody else.
if (process.geteuid?.() === 0) {
  test("user and groups change in every thread, and there is no way back", async () => {
    const calls: Call[] = [
      ["setSupplementaryGroups", [4, 2]],
      ["setGroup", nobody],
      ["setUser", nobody],
      ["userIds"],
      ["groupIds"],
      ["supplementaryGroups"],
      ["canBecomeRoot"],
      ["becomeDumpable"],
    ];
    await changed(calls, (pid, results) => {
      const ids = [nobody, nobody, nobody];
      expect(results).toEqual([null, null, null, ids, ids, [2, 4], false, true]);
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
        expect(text).toMatch(new RegExp(`^Uid:(\\t${nobody}){4}$`, "m"));
        expect(text).toMatch(new RegExp(`^Gid:(\\t${nobody}){4}$`, "m"));
        expect(text).toMatch(/^Groups:\t2 4 $/m);
        expect(text).toMatch(/^CapEff:\t0+$/m);
      }
    });
  });

  test("no groups at all is a list, too", async () => {
    await changed([["setSupplementaryGroups", []], ["supplementaryGroups"]], (pid, results) => {
      expect(results).toEqual([null, []]);
      expect(statusOf(pid, "Groups")).toBe("");
    });
  });

  test("a root directory, and a real-time policy", async () => {
    const calls: Call[] = [
      ["changeRoot", "/usr"],
      ["setScheduler", "rr", 3],
      ["setIoPriority", "idle", 0],
      ["setNice", -4],
      ["canBecomeRoot"],
    ];
    await changed(calls, (pid, results) => {
      expect(results).toEqual([null, null, null, null, true]);
      expect(readlinkSync(`/proc/${pid}/root`)).toBe("/usr");
      expect([statOf(pid, 41), statOf(pid, 40), statOf(pid, 19)]).toEqual([2, 3, -4]);
      expect(Bun.spawnSync(["ionice", "-p", String(pid)]).stdout.toString()).toStartWith("idle");
    });
  });
}
