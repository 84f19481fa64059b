import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../config/config.ts";
import { tapReport } from "./tap-report.ts";

/** Test files to run, and where the summary goes. */
export interface FileRun {
  readonly files: readonly string[];
  /** How many processes run them. */
  readonly jobs: number;
  /** How many seconds one file may take. */
  readonly seconds: number;
  readonly cwd: string;
  readonly write: (text: string) => void;
}

/** The line by which a test file says that it must not share a process, because it measures or changes what belongs to the whole process. */
const ALONE = /^\/\/ In a process of its own\b/m;

/** Where Node keeps compiled modules for the processes of the tests and for those that they start; the same folder as that of the command line. */
const COMPILE_CACHE = join(repositoryRoot, "node_modules/.cache/marketbase");

/**
 * Runs test files in a few processes that take one after the other: starting Node and loading the libraries costs more than most files do.
 * The result is the exit status: 0 only if something ran, nothing failed and every process ended as it should.
 */
export async function runFiles({ files, jobs, seconds, cwd, write }: FileRun): Promise<0 | 1> {
  const isAlone = (file: string) => ALONE.test(readFileSync(join(cwd, file), "utf8"));
  const alone = files.filter(isAlone);
  const together = files.filter((file) => !alone.includes(file));
  const report = tapReport(write);
  let status = 0;
  const host = async (queue: string[]) => {
    status = (await runHost(queue, { seconds, cwd, line: report.stream() })) || status;
  };
  const lane = async () => {
    for (let file = alone.shift(); file !== undefined; file = alone.shift()) await host([file]);
    // A process that dies takes the file with it that it had; the others go to the next one.
    while (together.length > 0) await host(together);
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  return report.end(status);
}

/** One process, which takes files from the queue until none is left. The result is its exit status. */
async function runHost(queue: string[], { seconds, cwd, line }: { seconds: number; cwd: string; line: (text: string) => void }): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "host.ts")], {
    cwd,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, FORCE_COLOR: "0", TAP_TIMEOUT: String(seconds) },
  });
  const pass = (name: NodeJS.Signals) => child.kill(name);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  let running: string | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  const allow = (time: number) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => child.kill("SIGKILL"), time * 1_000);
  };
  // tap, too, sends messages of its own (objects): how long a file wants.
  child.on("message", (message) => {
    if (message !== "next") return;
    running = queue.shift();
    allow(running === undefined ? 30 : seconds + 30);
    child.send({ file: running });
  });
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", line);
  allow(60);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((settle) => child.once("close", (...ending) => settle(ending)));
  clearTimeout(watchdog);
  process.off("SIGINT", pass).off("SIGTERM", pass);
  if (signal === null && running === undefined && code !== null) return code;
  // It had a file, or never came so far as to ask for one: that file has failed.
  const file = running ?? queue.shift();
  if (file !== undefined) line(`not ok - ${file}: its process ended with ${signal ?? `status ${code}`}`);
  return code || 1;
}
