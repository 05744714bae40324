// djob types: the declarations of the modules "djob" and "djob/testing", which no node_modules holds; or a package that does.
import { exitCode } from "../../exit-code.ts";
import { outDescriptor, writeText } from "../../logs/sink.ts";
import { type Command, isSet } from "../command.ts";
import { absolutePath } from "../flags.ts";
import type { Output } from "../output.ts";
import { declarations, installPackage } from "../testing-files.ts";

export const types: Command = {
  meta: {
    name: "types",
    description: 'Print the TypeScript declarations of "djob" and "djob/testing", for your editor',
  },
  args: {
    install: {
      type: "boolean",
      description: "write node_modules/djob here instead: for editors, and for plain bun test",
    },
  },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    ["djob types > djob.d.ts", "beside your modules, where your tsconfig.json finds it"],
    ["djob types --install", "where you have Bun: editors and bun test find djob as a package"],
  ],
  async run({ args, output }) {
    if (isSet(args, "install")) await install(output);
    else writeText(outDescriptor, declarations());
    return exitCode.done;
  },
};

async function install(output: Output): Promise<void> {
  const { becomeOwnerOf } = await import("../../daemon/privileges/drop.ts");
  const project = absolutePath(".");
  // Links that a user has put there must not lead root elsewhere, and what is written is to be that user's.
  becomeOwnerOf(project);
  output.people.success(`wrote ${installPackage(project)}`);
}
