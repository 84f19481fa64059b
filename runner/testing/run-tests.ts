import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { templateDatabase, useTestCluster } from "./cluster.ts";
import { faultFiles } from "./fault-files.ts";
import { processorSeconds } from "./processor-time.ts";
import { runFiles } from "./run-files.ts";
import { runTap } from "./run-tap.ts";

/** The rooms that have tests. */
const TEST_FOLDERS = ["db", "runner", "sql-functions"];

/** Processes at once. */
const JOBS = 2;

/**
 * `npm test [-- files, folders and flags of tap]`: starts the test server, builds the template database, runs the tests, and ends with the line
 * `N passed, N failed`. Status 0 only if at least one assertion ran and none failed. `npm run test:long` runs the slow files (`*.long.test.ts`) instead.
 * Without flags a few processes run all files (run-files.ts); with flags tap itself runs them, each in a process of its own.
 */
async function main(given: readonly string[]): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say("test server: starting");
  const cluster = await useTestCluster("npm test", (message) => say(`test server: ${message}`));
  try {
    const begun = performance.now();
    await templateDatabase(cluster);
    say(`test server: ready on port ${cluster.server.port}, template database ready after ${Math.round(performance.now() - begun)} ms`);
    const long = given.includes("--long");
    const faults = given.includes("--faults");
    const rest = given.filter((argument) => argument !== "--long" && argument !== "--faults");
    const pattern = long ? /\.long\.test\.ts$/ : /(?<!\.long)\.test\.ts$/;
    const seconds = long || faults ? 900 : 300;
    const folders = rest.some((argument) => !argument.startsWith("-")) ? rest : [...TEST_FOLDERS, ...rest];
    const args = faults ? faultFiles() : folders.flatMap((argument) => testFiles(argument, pattern));
    const spent = processorSeconds(cluster.server.pid);
    const write = (text: string) => process.stdout.write(text);
    if (rest.every((argument) => existing(argument))) {
      const status = await runFiles({ files: args, jobs: JOBS, seconds, cwd: repositoryRoot, write });
      const used = processorSeconds(cluster.server.pid);
      const processor = spent === undefined || used === undefined ? "" : `, ${(used - spent).toFixed(1)} s of processor time`;
      say(`${args.length} files in ${((performance.now() - begun) / 1_000).toFixed(1)} s${processor}`);
      return status;
    }
    const tap = join(dirname(createRequire(import.meta.url).resolve("tap/package.json")), "dist/esm/run.mjs");
    // The plugins of .taprc are built in once; without that tap refuses to start.
    spawnSync(process.execPath, [tap, "build"], { cwd: repositoryRoot, stdio: ["ignore", "ignore", "inherit"] });
    // An exclude of its own takes the place of the one in .taprc, which leaves the slow files out.
    return await runTap({ script: tap, args: ["--reporter=tap", "--exclude=**/node_modules/**", `--timeout=${seconds}`, ...args], cwd: repositoryRoot, write });
  } finally {
    await cluster.server.release();
  }
}

/** A folder stands for the test files in it: tap would run every script there. Anything else is passed on as it is. */
function testFiles(argument: string, pattern: RegExp): string[] {
  if (existing(argument)?.isDirectory() !== true) return [argument];
  return readdirSync(argument, { recursive: true, encoding: "utf8" })
    .filter((path) => pattern.test(path))
    .sort()
    .map((path) => join(argument, path));
}

function existing(path: string) {
  return path.startsWith("-") ? undefined : statSync(path, { throwIfNoEntry: false });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`${error.message}\n${error.hint ?? ""}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
}
