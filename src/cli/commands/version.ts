// djob version
import { handoverFacts } from "../../daemon/executable.ts";
import { commit, version as ownVersion } from "../../version.ts";
import type { Command } from "../command.ts";
import { jsonFlag } from "../flags.ts";

export const version: Command = {
  meta: { name: "version", description: "Tell which djob this is" },
  args: { json: jsonFlag },
  positionals: { minimum: 0, maximum: 0 },
  examples: [["djob version", "the version, its commit, and the Bun inside"]],
  async run({ output }) {
    const facts = {
      version: ownVersion,
      commit,
      bun: Bun.version,
      platform: process.platform,
      arch: process.arch,
      ...handoverFacts,
    };
    if (output.json) output.document(facts);
    else
      output.people.log(
        `djob ${ownVersion} (${commit}, Bun ${Bun.version}, ${process.platform} ${process.arch})`,
      );
    return 0;
  },
};
