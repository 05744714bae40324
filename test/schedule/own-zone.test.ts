// TZ as the C library takes it, and what of it the runtime takes for UTC.
import { expect, test } from "bun:test";
import { misreadZone } from "../../src/schedule/zone-period.ts";

test.each([
  undefined,
  "",
  "UTC",
  "Etc/UTC",
  ":UTC",
  "GMT",
  "GMT0",
  "GMT+0",
  "UTC0",
  "Zulu",
  "posix/Etc/UTC",
  "etc/gmt",
])("TZ %p is UTC and meant to be", (written) => {
  expect(misreadZone(written, "UTC")).toBeNull();
});

test.each(["CET-1CEST,M3.5.0,M10.5.0/3", "GMT+3", "UTC-2", "Europe/Berlim", ":/etc/localtime", "local"])(
  "TZ %p is told to be none",
  (written) => {
    expect(misreadZone(written, "UTC")).toStartWith(
      `TZ is ${JSON.stringify(written)}, which is no time zone`,
    );
  },
);

test("what the runtime has read is not told", () => {
  expect(misreadZone("EST5EDT", "America/New_York")).toBeNull();
});
