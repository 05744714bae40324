// djob uninstall: takes back what `djob install` has done.
import { thisSystem } from "../../boot/system.ts";
import { uninstall as uninstallEntry } from "../../boot/uninstall.ts";
import { DjobError } from "../../daemon/error.ts";
import { checkName } from "../../daemon/spec.ts";
import { exitCode } from "../../exit-code.ts";
import { type Command, isSet } from "../command.ts";
import { jsonFlag, nameArgument } from "../flags.ts";

export const uninstall: Command = {
  meta: { name: "uninstall", description: "Have a daemon no longer started at boot" },
  args: {
    name: nameArgument,
    now: { type: "boolean", description: "stop it now, too" },
    ok: { type: "boolean", description: "exit 0 also when it was not installed" },
    json: jsonFlag,
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    ["djob uninstall worker", "it goes on until it is stopped, or the machine is"],
    ["djob uninstall worker --now", "and stop it"],
  ],
  async run({ args, positionals, output }) {
    const name = checkName(positionals[0] ?? "");
    const removed = uninstallEntry(thisSystem(), name, isSet(args, "now"));
    if (removed.length === 0) {
      const error = notInstalled(name);
      if (!isSet(args, "ok")) throw error;
      output.error(error);
      return exitCode.done;
    }
    const paths = removed.map(({ path }) => path);
    if (output.json) output.document({ name, removed: paths });
    else {
      const where = paths.map((path) => path ?? "a line of your crontab").join(", ");
      output.people.success(`${name} is no longer started at boot (removed ${where})`);
    }
    return exitCode.done;
  },
};

function notInstalled(name: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot uninstall ${name}: djob install has not installed it for this user`,
    "see what is there: systemctl list-unit-files 'djob-*', ls /etc/init.d, crontab -l",
  );
}
