import { expect, test } from "bun:test";
import { choosePlatform } from "../../src/libc/platform.ts";

const never = () => {
  throw new Error("opened");
};

test("glibc is known by a symbol that only it has", () => {
  const asked: string[] = [];
  const platform = choosePlatform(
    "linux",
    "arm64",
    (library, name) => {
      asked.push(`${library} ${name}`);
      return true;
    },
    never,
  );
  expect(platform.table.name).toBe("linux-glibc");
  expect(asked).toEqual(["libc.so.6 gnu_get_libc_version"]);
});

test.each(["/lib/ld-musl-x86_64.so.1", "/usr/lib/libc.so", "/lib/libc.musl-x86_64.so.1"])(
  "a Linux without that symbol, where %s is mapped, is musl",
  (path) => {
    const maps = `7f00-7f01 r--p 00000000 08:01 9 /bin/djob\n7f02-7f03 r-xp 00000000 08:01 7 ${path}\n`;
    const { table } = choosePlatform(
      "linux",
      "x64",
      () => false,
      (library) => library.test(maps),
    );
    expect(table.name).toBe("linux-musl");
  },
);

test("one where nothing of a C library can be called is refused, and no name is sought", () => {
  const maps = "7f02-7f03 r-xp 00000000 08:01 7 /lib/x86_64-linux-gnu/libc.so.6\n";
  expect(() =>
    choosePlatform(
      "linux",
      "x64",
      () => false,
      (library) => library.test(maps),
    ),
  ).toThrow("cannot call this system's C library");
});

test("macOS is chosen without opening anything", () => {
  const { table, architecture } = choosePlatform("darwin", "arm64", never, never);
  expect(table.name).toBe("darwin");
  expect(table.variadicPadding[architecture]).toBe(6);
});

test.each([
  ["win32", "x64"],
  ["linux", "riscv64"],
])("%s on %s is refused by name", (operatingSystem, architecture) => {
  expect(() => choosePlatform(operatingSystem, architecture, () => true, never)).toThrow(
    `cannot run on ${operatingSystem} ${architecture}`,
  );
});
