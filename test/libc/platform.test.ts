import { expect, test } from "bun:test";
import { choosePlatform } from "../../src/libc/platform.ts";

test("glibc is known by a symbol that only it has", () => {
  const asked: string[] = [];
  const platform = choosePlatform("linux", "arm64", (library, name) => {
    asked.push(`${library} ${name}`);
    return true;
  });
  expect(platform.table.name).toBe("linux-glibc");
  expect(asked).toEqual(["libc.so.6 gnu_get_libc_version"]);
});

test("a Linux without that symbol is musl", () => {
  const { table } = choosePlatform("linux", "x64", () => false);
  expect(table.name).toBe("linux-musl");
});

test("macOS is chosen without opening anything", () => {
  const never = () => {
    throw new Error("opened");
  };
  const { table, architecture } = choosePlatform("darwin", "arm64", never);
  expect(table.name).toBe("darwin");
  expect(table.variadicPadding[architecture]).toBe(6);
});

test.each([
  ["win32", "x64"],
  ["linux", "riscv64"],
])("%s on %s is refused by name", (operatingSystem, architecture) => {
  expect(() => choosePlatform(operatingSystem, architecture, () => true)).toThrow(
    `cannot run on ${operatingSystem} ${architecture}`,
  );
});
