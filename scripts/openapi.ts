// Writes openapi.json, the description of the control socket, from the table of its routes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openapi } from "../src/control/openapi.ts";

const usage = `usage: scripts/bun scripts/openapi.ts

  Writes openapi.json from src/control/routes.ts.`;

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) console.log(usage);
else writeFileSync(join(import.meta.dir, "../openapi.json"), `${JSON.stringify(openapi(), null, 2)}\n`);
