import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { templateDatabase, useTestCluster } from "./cluster.ts";
import { runTap } from "./run-tap.ts";

/** The rooms that have tests, for `--long`. */
const TEST_FOLDERS = ["db/tests", "runner"];

/**
 * `npm test [-- files, folders and flags of tap]`: starts the test server, builds the template database, runs tap, and ends with the line
 * `N passed, N failed`. Status 0 only if at least one assertion ran and none failed. `npm run test:long` runs the slow files (`*.long.test.ts`) instead.
 */
async function main(): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say("test server: starting");
  const cluster = await useTestCluster("npm test", (message) => say(`test server: ${message}`));
  try {
    const begun = performance.now();
    await templateDatabase(cluster);
    say(`test server: ready on port ${cluster.server.port}, template database ready after ${Math.round(performance.now() - begun)} ms`);
    return await runTap({
      script: join(dirname(createRequire(import.meta.url).resolve("tap/package.json")), "dist/esm/run.mjs"),
      args: ["--reporter=tap", ...tapArguments(process.argv.slice(2))],
      cwd: repositoryRoot,
      write: (text) => process.stdout.write(text),
    });
  } finally {
    await cluster.server.release();
  }
}

function tapArguments(given: readonly string[]): string[] {
  if (!given.includes("--long")) return given.flatMap((argument) => testFiles(argument, /(?<!\.long)\.test\.ts$/));
  const rest = given.filter((argument) => argument !== "--long");
  const folders = rest.some((argument) => !argument.startsWith("-")) ? rest : [...TEST_FOLDERS, ...rest];
  // An exclude of its own takes the place of the one in .taprc, which leaves the slow files out.
  return ["--exclude=**/node_modules/**", "--timeout=900", ...folders.flatMap((argument) => testFiles(argument, /\.long\.test\.ts$/))];
}

/** A folder stands for the test files in it: tap would run every script there. Anything else is passed on as it is. */
function testFiles(argument: string, pattern: RegExp): string[] {
  if (argument.startsWith("-") || statSync(argument, { throwIfNoEntry: false })?.isDirectory() !== true) return [argument];
  return readdirSync(argument, { recursive: true, encoding: "utf8" })
    .filter((path) => pattern.test(path))
    .sort()
    .map((path) => join(argument, path));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`${error.message}\n${error.hint ?? ""}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
}
