import { readFileSync } from "node:fs";

/** Clock ticks in a second of processor time, on every Linux that Node runs on. */
const TICKS = 100;

/**
 * Processor seconds that this process, the process `server` and all of their children that have ended have used (Linux; undefined elsewhere). A machine that
 * is shared makes everything take longer, and nothing cost more.
 */
export function processorSeconds(server: number): number | undefined {
  try {
    return [process.pid, server].map(ticksOf).reduce((sum, ticks) => sum + ticks) / TICKS;
  } catch {
    return undefined;
  }
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name in brackets the state is field 3; user and system time and those of the children are fields 14 to 17.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number).reduce((sum, ticks) => sum + ticks);
}
