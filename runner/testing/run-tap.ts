import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { countTap, type TapEvent } from "./tap-count.ts";

/** A program that writes TAP, and where its summary goes. */
export interface TapRun {
  /** A script for Node. */
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly write: (text: string) => void;
}

/**
 * Runs tap, shows one line for each test file and what failed, and at last the line `N passed, N failed` with the number of assertions.
 * The result is the exit status: 0 only if at least one assertion ran, none failed and tap itself is content.
 */
export async function runTap({ script, args, cwd, write }: TapRun): Promise<0 | 1> {
  const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, FORCE_COLOR: "0" } });
  const pass = (name: NodeJS.Signals) => child.kill(name);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  let files = 0;
  const { line, count } = countTap((event) => {
    if (event.kind === "file") files += 1;
    write(describe(event, files));
  });
  const last: string[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => {
    line(text);
    last.push(text);
    if (last.length > 40) last.shift();
  });
  const status = await new Promise<number>((settle) => child.once("close", (code) => settle(code ?? 1)));
  process.off("SIGINT", pass).off("SIGTERM", pass);
  const ran = count.passed + count.failed;
  // tap may fail as a whole (it was killed, it could not start) without a single failing assertion: that is one failure.
  const failed = status !== 0 && count.failed === 0 && ran > 0 ? 1 : count.failed;
  if (ran === 0) write(`No test ran. tap said:\n${last.join("\n")}\n`);
  else if (failed > count.failed) write(`tap ended with status ${status}. It said last:\n${last.join("\n")}\n`);
  if (count.skipped > 0) write(`${count.skipped} skipped\n`);
  write(`${count.passed} passed, ${failed} failed\n`);
  return ran > 0 && failed === 0 ? 0 : 1;
}

function describe(event: TapEvent, number: number): string {
  if (event.kind === "bailout") return `tap gave up: ${event.reason}\n`;
  const { name, passed, failed, skipped, milliseconds, details } = event;
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${milliseconds === undefined ? "" : `, ${(milliseconds / 1_000).toFixed(1)} s`}`;
  const lines = [
    `${failed > 0 ? "FAIL" : "ok  "} ${String(number).padStart(3)} ${name} (${counts})`,
    ...skipped.map((reason) => `         skipped: ${reason}`),
    ...details.map((detail) => `         ${detail}`),
  ];
  return `${lines.join("\n")}\n`;
}
