// Builds dist/djob: minified, with bytecode and source maps, version and commit baked in. A user's package.json and
// tsconfig.json are honoured for the user's modules; .env and bunfig.toml of whatever directory are not.
import { basename } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };

const usage = `usage: bun scripts/build.ts [--target TARGET] [--outfile FILE] [--version VERSION]

  --target   what to build for, as bun names it: bun-linux-arm64, bun-linux-x64-musl, bun-darwin-arm64 …
             (default: this machine)
  --outfile  where to (default: dist/djob)
  --version  what it calls itself (default: package.json's)`;

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    outfile: { type: "string", default: "dist/djob" },
    version: { type: "string", default: packageJson.version },
    help: { type: "boolean" },
  },
});

if (values.help) {
  console.log(usage);
} else {
  process.chdir(`${import.meta.dir}/..`);
  const target = values.target as Bun.Build.CompileTarget | undefined;
  await Bun.build({
    entrypoints: ["src/main.ts"],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    sourcemap: "linked",
    // Each stage loads its own part and no more.
    splitting: true,
    define: {
      DJOB_VERSION: JSON.stringify(values.version),
      DJOB_COMMIT: JSON.stringify(commit()),
      DJOB_TESTING: JSON.stringify(JSON.stringify(await testingFiles())),
    },
    compile: {
      outfile: values.outfile,
      ...(target === undefined ? {} : { target }),
      autoloadTsconfig: true,
      autoloadPackageJson: true,
      autoloadDotenv: false,
      autoloadBunfig: false,
      // A missing package is the user's to install, never djob's to download.
      execArgv: ["--no-install"],
    },
  });
  console.log(`built ${values.outfile}`);
}

/** What a user's tests load, which run in a bun test and not in djob: JavaScript files by their names. */
async function testingFiles(): Promise<Record<string, string>> {
  const { outputs } = await Bun.build({
    entrypoints: ["main", "djob", "preload"].map((name) => `src/testing/${name}.ts`),
    target: "bun",
    format: "esm",
    // Its lines are what a user sees around an error of djob's.
    minify: false,
    splitting: true,
  });
  const files = outputs.map(async (file) => [basename(file.path), await file.text()] as const);
  return Object.fromEntries(await Promise.all(files));
}

function commit(): string {
  const git = Bun.spawnSync(["git", "rev-parse", "--short=12", "HEAD"], { stderr: "ignore" });
  return git.success ? git.stdout.toString().trim() : "unknown";
}
