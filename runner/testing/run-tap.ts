import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { tapReport } from "./tap-report.ts";

/** A program that writes TAP, and where its summary goes. */
export interface TapRun {
  /** A script for Node. */
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly write: (text: string) => void;
}

/** Runs tap, one process for each file, and reports. The result is the exit status: 0 only if something ran, nothing failed and tap itself is content. */
export async function runTap({ script, args, cwd, write }: TapRun): Promise<0 | 1> {
  const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, FORCE_COLOR: "0" } });
  const pass = (name: NodeJS.Signals) => child.kill(name);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  const report = tapReport(write);
  createInterface({ input: child.stdout }).on("line", report.stream());
  const status = await new Promise<number>((settle) => child.once("close", (code) => settle(code ?? 1)));
  process.off("SIGINT", pass).off("SIGTERM", pass);
  return report.end(status);
}
