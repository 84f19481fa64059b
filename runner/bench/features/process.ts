import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** What a process of its own has measured. */
export interface Measured {
  readonly bars: number;
  readonly seconds: number;
  /** Processor time of the process, in seconds. */
  readonly cpu: number;
  /** Most memory of the process, in bytes. */
  readonly memory: number;
}

/** Something that is made ready, run under the clock, and closed. */
export interface Runnable {
  run(): Promise<number>;
  close(): Promise<void>;
}

/** Runs a script of this folder in a process of its own, so that its memory is its own, too; `work` is what it is to do. */
export async function runProcess(script: string, work: Readonly<Record<string, unknown>>): Promise<Measured> {
  const child = spawn(process.execPath, [script], { cwd: import.meta.dirname, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((settle) => child.once("close", settle));
  child.stdin.end(JSON.stringify(work));
  const [output, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (status !== 0) throw new Error(`${script} ended with status ${status}: ${errors.trim().slice(-2_000)}`);
  return JSON.parse(output) as Measured;
}

/** The other side of `runProcess`: makes ready, runs, and says what it took. Only `run` counts. */
export async function measured<Work>(prepare: (work: Work) => Promise<Runnable>): Promise<void> {
  const { run, close } = await prepare(JSON.parse(await text(process.stdin)) as Work);
  const before = process.cpuUsage();
  const begun = performance.now();
  const bars = await run();
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await close();
  process.stdout.write(JSON.stringify({ bars, seconds, cpu: (user + system) / 1e6, memory: process.resourceUsage().maxRSS * 1_024 } satisfies Measured));
}
