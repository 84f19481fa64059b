import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How a process stands: a zombie holds its number but runs no longer. */
export type ProcessState = "running" | "zombie" | "gone";

/** Asks the kernel about a process. */
export function processState(pid: number): ProcessState {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "gone";
  }
  const stat = linuxStat(pid);
  if (stat === undefined) return process.platform === "linux" ? "gone" : "running";
  return stat.state === "Z" || stat.state === "X" ? "zombie" : "running";
}

/** When the process began, in clock ticks since boot (Linux), so that a reused process number is told apart; undefined elsewhere. */
export function processStart(pid: number): string | undefined {
  return linuxStat(pid)?.start;
}

/** The command line of a process, where the kernel shows it (Linux). */
export function processCommand(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

/** Sends a signal; false when there is nobody to receive it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Waits until the process has ended; false when it still runs after the time. */
export async function waitForExit(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (processState(pid) === "running") {
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
}

function linuxStat(pid: number): { state: string; start: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the name in brackets and may hold anything; the state follows the last bracket, the start is field 22.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}
