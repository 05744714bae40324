// Compressed logs that end too early, at any place, are told from whole ones.
import { expect, test } from "bun:test";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { bytesOf } from "../../../src/logs/read/bytes.ts";
import { DamagedError, decompressed } from "../../../src/logs/read/decompress.ts";
import { ZstdFrames } from "../../../src/logs/read/zstd-frames.ts";

type Method = "gzip" | "zstd";

function readAll(bytes: Buffer, method: Method) {
  const flow = decompressed(bytesOf(bytes), method);
  const into = Buffer.alloc(4096);
  const parts: Buffer[] = [];
  let damage: DamagedError | null = null;
  try {
    for (let read = flow.read(into); read > 0; read = flow.read(into))
      parts.push(Buffer.from(into.subarray(0, read)));
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    damage = error;
  }
  return { text: Buffer.concat(parts), damage };
}

const withSize = (text: Buffer) =>
  zstdCompressSync(text, {
    pledgedSrcSize: text.length,
    params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_contentSizeFlag]: 1 },
  });
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
const forms: ReadonlyArray<readonly [string, Method, (text: Buffer) => Buffer]> = [
  ["gzip", "gzip", (text) => gzipSync(text)],
  ["two members of gzip", "gzip", (text) => Buffer.concat([gzipSync(text), gzipSync("more")])],
  ["zstd", "zstd", (text) => zstdCompressSync(text)],
  ["zstd with checksum and size", "zstd", withSize],
  ["zstd between skippable frames", "zstd", (text) => Buffer.concat([skippable, withSize(text), skippable])],
  ["two frames of zstd", "zstd", (text) => Buffer.concat([zstdCompressSync(text), withSize(text)])],
];
const texts = fc.oneof(
  fc.uint8Array({ maxLength: 3_000 }),
  fc.tuple(fc.nat(400_000), fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte)),
  fc
    .array(fc.constantFrom("line one\n", "another\n", "x"), { maxLength: 2_000 })
    .map((words) => Buffer.from(words.join(""))),
);

test.each(forms)(
  "%s: a whole file is whole, and one that ends at any earlier place is cut off",
  (name, method, compress) => {
    fc.assert(
      fc.property(texts, fc.nat(), (bytes, cut) => {
        const text = Buffer.from(bytes);
        const whole = compress(text);
        const all = readAll(whole, method);
        expect(all.damage).toBeNull();
        expect(all.text.subarray(0, text.length).equals(text)).toBe(true);
        const part = readAll(whole.subarray(0, 1 + (cut % (whole.length - 1))), method);
        // Behind a member, or a frame, a file may end.
        if (part.damage === null) expect(name).toMatch(/two|between/);
        else expect(part.damage.isCutOff).toBe(true);
        expect(all.text.subarray(0, part.text.length).equals(part.text)).toBe(true);
      }),
      { numRuns: 60 },
    );
  },
);

test("where a frame of zstd ends is found whatever the pieces that its bytes come in", () => {
  const whole = Buffer.concat([withSize(Buffer.from("a".repeat(300_000))), skippable, zstdCompressSync("b")]);
  const ends = [1, 2, 3, 7, whole.length].map((step) => {
    const frames = new ZstdFrames();
    const found: number[] = [];
    for (let at = 0; at < whole.length; at += 1) {
      frames.push(whole.subarray(at), 1);
      if (frames.isBetween) found.push(at + 1);
    }
    const inPieces = new ZstdFrames();
    for (let at = 0; at < whole.length; at += step)
      inPieces.push(whole.subarray(at), Math.min(step, whole.length - at));
    return { found, isBetween: inPieces.isBetween };
  });
  const first = whole.indexOf(skippable);
  for (const { found, isBetween } of ends) {
    expect(found).toEqual([first, first + skippable.length, whole.length]);
    expect(isBetween).toBe(true);
  }
});

test.each([
  ["gzip", "gzip", (text: Buffer) => gzipSync(text), -8],
  ["zstd", "zstd", withSize, -1],
] as const)(
  "%s whose checksum alone is wrong is damaged, and all of it is given",
  (_name, method, compress, place) => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `line ${n} ${Bun.hash(`${n}`)}\n`).join("");
    const bytes = Buffer.from(compress(Buffer.from(lines)));
    bytes[bytes.length + place] = ~(bytes.at(place) ?? 0);
    const { text, damage } = readAll(bytes, method);
    expect(damage?.isCutOff).toBe(false);
    expect(text.toString()).toBe(lines);
  },
);

test("what is good before a block that is wrong is given", () => {
  const lines = Buffer.from(
    Array.from({ length: 60_000 }, (_, n) => `line ${n} ${Bun.hash(`${n}`)}\n`).join(""),
  );
  const bytes = zstdCompressSync(lines);
  bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 500);
  const { text, damage } = readAll(bytes, "zstd");
  expect(damage?.message).toContain("corruption");
  expect(text.length).toBeGreaterThan(lines.length * 0.4);
  // A block has at most 128 KiB (RFC 8878, 3.1.1.2.4).
  expect(text.length % (128 * 1024)).toBe(0);
  expect(lines.subarray(0, text.length).equals(text)).toBe(true);
});
