import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { templateDatabase, useTestCluster } from "./cluster.ts";
import { countTap, type TapEvent } from "./tap-count.ts";

/**
 * `npm test [-- files and flags of tap]`: starts the test server, builds the template database, runs tap, and ends with the line
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
    return await runTap(process.argv.slice(2));
  } finally {
    await cluster.server.release();
  }
}

async function runTap(args: string[]): Promise<number> {
  const tap = join(dirname(createRequire(import.meta.url).resolve("tap/package.json")), "dist/esm/run.mjs");
  const child = spawn(process.execPath, [tap, "--reporter=tap", ...args], {
    cwd: repositoryRoot,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FORCE_COLOR: "0" },
  });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
  let files = 0;
  const { line, count } = countTap((event) => {
    if (event.kind === "file") files += 1;
    show(event, files);
  });
  const output: string[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => {
    line(text);
    output.push(text);
    if (output.length > 40) output.shift();
  });
  const status = await new Promise<number>((settle) => {
    child.once("error", (error) => {
      process.stdout.write(`tap cannot be started: ${error.message}\n`);
      settle(1);
    });
    child.once("close", (code) => settle(code ?? 1));
  });
  const ran = count.passed + count.failed;
  if (ran === 0) process.stdout.write(`No test ran. tap said:\n${output.join("\n")}\n`);
  else if (status !== 0 && count.failed === 0) process.stdout.write(`tap ended with status ${status}. It said last:\n${output.join("\n")}\n`);
  const failed = ran > 0 && status !== 0 && count.failed === 0 ? 1 : count.failed;
  if (count.skipped > 0) process.stdout.write(`${count.skipped} skipped\n`);
  process.stdout.write(`${count.passed} passed, ${failed} failed\n`);
  return ran > 0 && failed === 0 && status === 0 ? 0 : 1;
}

function show(event: TapEvent, number: number): void {
  if (event.kind === "bailout") {
    process.stdout.write(`tap gave up: ${event.reason}\n`);
    return;
  }
  const { name, passed, failed, skipped, milliseconds, details } = event;
  const seconds = milliseconds === undefined ? "" : `, ${(milliseconds / 1_000).toFixed(1)} s`;
  process.stdout.write(`${failed > 0 ? "FAIL" : "ok  "} ${String(number).padStart(3)} ${name} (${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${seconds})\n`);
  for (const reason of skipped) process.stdout.write(`         skipped: ${reason}\n`);
  for (const detail of details) process.stdout.write(`         ${detail}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`${error.message}\n${error.hint ?? ""}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
}
