import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { templateDatabase, useTestCluster } from "./cluster.ts";
import { runTap } from "./run-tap.ts";

/**
 * `npm test [-- files, folders and flags of tap]`: starts the test server, builds the template database, runs tap, and ends with the line
 * `N passed, N failed`. Status 0 only if at least one assertion ran and none failed.
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
      args: ["--reporter=tap", ...process.argv.slice(2).flatMap(testFiles)],
      cwd: repositoryRoot,
      write: (text) => process.stdout.write(text),
    });
  } finally {
    await cluster.server.release();
  }
}

/** A folder stands for the test files in it: tap would run every script there. Anything else is passed on as it is. */
function testFiles(argument: string): string[] {
  if (argument.startsWith("-") || statSync(argument, { throwIfNoEntry: false })?.isDirectory() !== true) return [argument];
  return readdirSync(argument, { recursive: true, encoding: "utf8" })
    .filter((path) => /(?<!\.long)\.test\.ts$/.test(path))
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
