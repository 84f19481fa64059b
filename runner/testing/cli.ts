import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repositoryRoot } from "../config/config.ts";

/** What a command left behind. */
export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `marketbase …` as a process of its own. Of the caller's environment it gets no DATABASE_URL, REDIS_URL, GRAPHILE_ENV or MARKETBASE_*. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(DATABASE_URL|REDIS_URL|GRAPHILE_ENV|PORT|MARKETBASE_.*|GM_.*)$/.test(name)));
  const child = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), ...args], { env: { ...clean, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((settle) => child.once("close", settle));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await ended, stdout, stderr };
}
