// The launchd property list.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { launchdPlist } from "../../src/boot/launchd-plist.ts";
import { entryOf, words } from "./entry.ts";

test("the property list keeps djob in the foreground alive from boot on", () => {
  const text = launchdPlist(entryOf({ name: "a--b", environment: [["X", "<1>"]] }));
  expect(text).toStartWith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist ');
  expect(text).toContain("<key>Label</key>\n  <string>djob-a--b</string>");
  expect(text).toContain("<key>RunAtLoad</key>\n  <true/>");
  expect(text).toContain("<key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>");
  expect(text).toContain("<key>ExitTimeOut</key>\n  <integer>15</integer>");
  expect(text).toContain("<key>X</key>\n    <string>&lt;1&gt;</string>");
  // XML forbids two dashes within a comment.
  for (const [, comment = ""] of text.matchAll(/<!--([\s\S]*?)-->/g)) expect(comment).not.toContain("--");
});

test("any argument reaches djob as it was given", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 5 }), (given) => {
      const text = launchdPlist(entryOf({ runArguments: given }));
      const [, array = ""] = /<array>([\s\S]*)<\/array>/.exec(text) ?? [];
      const read = [...array.matchAll(/<string>([^<>]*)<\/string>/g)].map(([, word = ""]) =>
        word.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
      );
      expect(read).toEqual(["/usr/local/bin/djob", "run", "--foreground", ...given]);
    }),
  );
});
