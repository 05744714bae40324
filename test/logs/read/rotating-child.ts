// Writes numbered lines to a log that is rotated as fast as can be, by the code that rotates a daemon's, and compresses some of the old files.
import { openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { LogFile } from "../../../src/logs/file.ts";
import { logFileSystem } from "../../../src/logs/file-system.ts";
import { Trouble } from "../../../src/logs/trouble.ts";

const [path = "", lines = "0", compresses = ""] = process.argv.slice(2);
const descriptor = openSync(path, "a", 0o640);
let rotations = 0;
const file = new LogFile({
  ...{
    path,
    descriptors: [descriptor],
    maximumAgeMs: null,
    largest: () => 200,
    rotates: "self",
    isEager: false,
  },
  trouble: new Trouble(({ reason }) => {
    if (reason !== null) throw new Error(reason);
  }),
  system: logFileSystem((name) => openSync(name, "a", 0o640)),
  rotated(old) {
    rotations += 1;
    if (compresses !== "yes" || rotations % 3 === 0) return;
    writeFileSync(`${old}.zst.tmp`, zstdCompressSync(readFileSync(old)));
    renameSync(`${old}.zst.tmp`, old);
    renameSync(old, `${old}.zst`);
  },
  ...{ taken() {}, wanted() {} },
});
for (let n = 0; n < Number(lines); n += 1) {
  file.grown(writeSync(descriptor, `number ${n} ${"x".repeat(20)}\n`), Date.now());
  // As a daemon has other things to do, in portions.
  if (n % 500 === 0) await Bun.sleep(1);
}
