// djob types: the declarations of the module "djob", which no node_modules holds.
// @ts-expect-error: TypeScript can not know that this import gives the text of a declaration file.
import declarations from "../../api/djob.d.ts" with { type: "text" };
import { outDescriptor, writeText } from "../../logs/sink.ts";
import type { Command } from "../command.ts";

export const types: Command = {
  meta: { name: "types", description: 'Print the TypeScript declarations of "djob", for your editor' },
  args: {},
  positionals: { minimum: 0, maximum: 0 },
  examples: [["djob types > djob.d.ts", "beside your modules, where your tsconfig.json finds it"]],
  async run() {
    writeText(outDescriptor, declarations as string);
    return 0;
  },
};
