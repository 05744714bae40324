import { expect, test } from "bun:test";
import { formatSize, parseSize } from "../../src/runtime/size.ts";

test.each([
  ["0", 0, "0"],
  ["4095", 4_095, "4095"],
  ["4096", 4_096, "4K"],
  ["512M", 536_870_912, "512M"],
  ["1024m", 1_073_741_824, "1G"],
  ["1536M", 1_610_612_736, "1536M"],
  ["2t", 2_199_023_255_552, "2T"],
])("%s is %d bytes, and written as %s", (text, bytes, written) => {
  expect(parseSize(text)).toBe(bytes);
  expect(formatSize(bytes)).toBe(written);
});

test.each(["", "M", "1.5G", "-1", "5 M", "5MB", "1e3", "9007199254740993", "99999T", "0x10", "K1"])(
  "%p is no size",
  (text) => expect(parseSize(text)).toBeNull(),
);
