// The systemd unit: its lines, its quoting read back by systemd's own rules, and systemd's own verdict.
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { BootEntry } from "../../src/boot/entry.ts";
import { systemdUnit } from "../../src/boot/systemd-unit.ts";
import { callTool, entryOf, words } from "./entry.ts";

const linesOf = (given: Partial<BootEntry>) => systemdUnit(entryOf(given)).split("\n");

test("a system unit notifies, is watched, restarts on failure and starts with the machine", () => {
  const lines = linesOf({ stopTimeoutMs: 90_500, readyTimeoutMs: 60_000 });
  for (const line of [
    "Type=notify",
    "NotifyAccess=main",
    "WatchdogSec=30s",
    "Restart=on-failure",
    "KillMode=mixed",
    "ExecReload=/bin/kill -HUP $MAINPID",
    "ExecStart=/usr/local/bin/djob run --foreground --name=worker /srv/app/worker.ts",
    "TimeoutStartSec=65s",
    "TimeoutStopSec=95500ms",
    "RuntimeDirectory=djob",
    "RuntimeDirectoryPreserve=yes",
    "NoNewPrivileges=yes",
    "ProtectSystem=full",
    "RequiresMountsFor=/srv/app",
    "WantedBy=multi-user.target",
  ])
    expect(lines).toContain(line);
  expect(lines.some((line) => line.startsWith("MemoryDenyWriteExecute"))).toBe(false);
  expect(lines.some((line) => line.startsWith("# MemoryDenyWriteExecute"))).toBe(true);
});

test("a user's unit asks for nothing that a user's manager may not do", () => {
  const lines = linesOf({ scope: "user", environment: [["XDG_STATE_HOME", "/home/a/my state"]] });
  expect(lines).toContain("WantedBy=default.target");
  expect(lines).toContain('Environment="XDG_STATE_HOME=/home/a/my state"');
  expect(lines).toContain("NoNewPrivileges=yes");
  expect(
    lines.filter((line) => /^(Protect|RuntimeDirectory|LogsDirectory|Wants=|Requires)/.test(line)),
  ).toEqual([]);
});

test("a daemon that takes another user's identity may still call setuid programs", () => {
  expect(linesOf({ dropsPrivileges: true })).not.toContain("NoNewPrivileges=yes");
});

test("a crontab's commands may do whatever those of cron may", () => {
  const lines = linesOf({ runsCrontab: true });
  expect(lines.filter((line) => /^(Protect|Restrict|Lock|NoNew)/.test(line))).toEqual([]);
});

test("a log below /usr or /etc stays writable", () => {
  const lines = linesOf({ writtenDirectories: ["/usr/local/var/log", "/var/log", "/etcetera"] });
  expect(lines.filter((line) => line.startsWith("ReadWritePaths="))).toEqual([
    "ReadWritePaths=-/usr/local/var/log",
  ]);
});

test("any argument reaches djob as it was given", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 5 }), words, (given, directory) => {
      const djobPath = `/opt/${directory}/djob`;
      const line = systemdUnit(entryOf({ djobPath, runArguments: given }))
        .split("\n")
        .find((text) => text.startsWith("ExecStart="));
      const read = readCommand(line?.slice("ExecStart=".length) ?? "");
      expect(read).toEqual([djobPath, "run", "--foreground", ...given]);
    }),
    { numRuns: 2000 },
  );
});

describe("systemd-analyze verify finds nothing to say about", () => {
  const directory = mkdtempSync(join(tmpdir(), "djob-unit-"));
  const djobPath = join(directory, "a djob %$");
  writeFileSync(djobPath, "#!/bin/sh\n");
  chmodSync(djobPath, 0o755);

  test.each([
    ["a system unit", "--system", entryOf({ djobPath })],
    ["a user's unit", "--user", entryOf({ djobPath, scope: "user" })],
    [
      "a unit with all that quoting is for",
      "--system",
      entryOf({
        djobPath,
        runArguments: ["--env=A=\"b' \\ $c $" + "{d} %e\t;", "--log=/usr/l og/%x", ";", "/srv/ä b/$w.ts"],
        neededDirectories: ["/srv/ä b%/$w"],
        writtenDirectories: ["/usr/l og/%x"],
        environment: [["A", 'x "y" $z %w \\']],
        dropsPrivileges: true,
      }),
    ],
  ])("%s", (_, scope, entry) => {
    const path = join(directory, "djob-worker.service");
    writeFileSync(path, systemdUnit(entry));
    expect(aboutUnit(callTool("systemd-analyze", "systemd", [scope, "--man=no", "verify", path]))).toBe("");
  });

  test("and it does find what is wrong", () => {
    const path = join(directory, "djob-wrong.service");
    writeFileSync(
      path,
      systemdUnit(entryOf({ djobPath: "/nowhere/djob" })).replace("WatchdogSec=30s", "WatchdogSec=x"),
    );
    const said = aboutUnit(callTool("systemd-analyze", "systemd", ["--system", "--man=no", "verify", path]));
    expect(said).toContain("/nowhere/djob is not executable");
    expect(said).toContain("Failed to parse sec value, ignoring: x");
    rmSync(directory, { recursive: true });
  });
});

/** Only what is said of djob's unit: a machine's own units may have faults of their own. */
function aboutUnit(said: string): string {
  return said
    .split("\n")
    .filter((line) => line.includes("djob-"))
    .join("\n");
}

/** systemd.syntax(7) and systemd.service(5): words, quotes, C escapes, then specifiers, then variables. */
function readCommand(line: string): string[] {
  const read = splitWords(line).map((word) => word.replaceAll("%%", "\u0000percent"));
  for (const word of read) expect(word).not.toContain("%");
  return read.map((word, index) => {
    const plain = word.replaceAll("\u0000percent", "%");
    return index === 0 ? plain : withoutVariables(plain);
  });
}

function splitWords(line: string): string[] {
  const found: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === "\\") {
      at += 1;
      const meaning = { '"': '"', "\\": "\\", t: "\t", "'": "'" }[line.charAt(at)];
      expect(meaning).toBeDefined();
      word = (word ?? "") + meaning;
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      expect(word).toBeNull();
      quote = character;
      word = "";
    } else if (/[ \t]/.test(character)) {
      if (word !== null) found.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  expect(quote).toBeNull();
  return word === null ? found : [...found, word];
}

function withoutVariables(word: string): string {
  const plain = word.replaceAll("$$", "\u0000dollar");
  expect(plain).not.toContain("$");
  return plain.replaceAll("\u0000dollar", "$");
}
