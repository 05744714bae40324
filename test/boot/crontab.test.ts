// The @reboot line: what cron and sh make of it, and the other lines of the crontab.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crontabLine, hasLine, withLine, withoutLine } from "../../src/boot/crontab.ts";
import { entryOf, words } from "./entry.ts";

test("the line starts djob in the background, and ends with the mark by which it is found", () => {
  expect(crontabLine(entryOf())).toBe(
    "@reboot /usr/local/bin/djob run --ok --name=worker /srv/app/worker.ts # djob worker",
  );
  expect(crontabLine(entryOf({ environment: [["XDG_STATE_HOME", "/a b"]] }))).toStartWith(
    "@reboot XDG_STATE_HOME='/a b' /usr/local/bin/djob run ",
  );
});

test("any argument reaches djob as it was given, or is refused", () => {
  const variants = [
    // cronie takes the backslash from \% only, Vixie's from \\, too.
    (command: string) => command.replaceAll("\\%", "%"),
    (command: string) => command.replaceAll(/\\([\\%])/g, "$1"),
  ];
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 10 }), (given) => {
      const entry = entryOf({ djobPath: "/usr/bin/printf", runArguments: given });
      const isRefused = given.some((word) => /\\[\\%]/.test(word));
      if (isRefused) {
        expect(() => crontabLine(entry)).toThrow("some cron programs");
        return;
      }
      const command = crontabLine(entry).slice("@reboot ".length);
      for (const readByCron of variants) {
        const { stdout } = Bun.spawnSync([
          "sh",
          "-c",
          readByCron(command).replace(" run --ok ", " '%s\\0' "),
        ]);
        expect(stdout.toString().split("\0").slice(0, -1)).toEqual(given);
      }
    }),
    { numRuns: 100 },
  );
});

describe("in a crontab", () => {
  const line = crontabLine(entryOf());

  test("a line is put at the end, replaced in its place, and taken away", () => {
    const others = "# mine\nMAILTO=me\n5 * * * * x % y\n";
    const both = withLine(others, "worker", line);
    expect(both).toBe(`${others}${line}\n`);
    const moved = `${line}\n${others}`;
    expect(withLine(moved, "worker", "@reboot new # djob worker")).toBe(
      `@reboot new # djob worker\n${others}`,
    );
    expect(withoutLine(both, "worker")).toBe(others);
    expect(withLine("a # no end", "worker", line)).toBe(`a # no end\n${line}\n`);
    expect(withLine("", "worker", line)).toBe(`${line}\n`);
  });

  test("a daemon's line is no other's", () => {
    const crontab =
      "@reboot x # djob worker2\n@reboot y # djob work\n# djob worker\n0 0 * * * z # djob worker\n";
    expect(hasLine(crontab, "worker")).toBe(false);
    expect(withoutLine(crontab, "worker")).toBe(crontab);
  });

  test("all other lines stay, byte for byte", () => {
    const anything = fc.string({ unit: fc.constantFrom(..."ab #@*%\\\r\n\t0é") });
    fc.assert(
      fc.property(anything, (others) => {
        const both = withLine(others, "worker", line);
        expect(hasLine(both, "worker")).toBe(true);
        expect(withLine(both, "worker", line)).toBe(both);
        const ended = others === "" || others.endsWith("\n") ? others : `${others}\n`;
        expect(withoutLine(both, "worker")).toBe(ended);
      }),
    );
  });
});
