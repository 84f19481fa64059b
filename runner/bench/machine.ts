import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";

/** Where and with what it was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly system: string;
  readonly node: string;
  readonly postgresql: string;
  readonly when: string;
}

/** Describes this machine; `server` is what PostgreSQL says about itself. */
export function describeMachine(server: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    postgresql: server,
    when: new Date().toISOString(),
  };
}

/** How much else goes on: how many processes wanted a processor during the last minute; nothing where the system does not say. */
export function load(): number | undefined {
  return platform() === "win32" ? undefined : Math.round((loadavg()[0] ?? 0) * 10) / 10;
}

const TICK = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of processor time, of the process and of its children that have ended. */
  readonly seconds: number;
}

function processOf(pid: number): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which may hold anything but ends with the last parenthesis: state, parent, …, utime, stime, cutime, cstime.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    return { pid, parent: fields[1] as number, seconds: [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] as number), 0) / TICK };
  } catch {
    return undefined;
  }
}

/** A server and its processes; nothing where the system has no /proc. */
function family(parent: number): Process[] {
  let children: number[];
  try {
    children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").filter((text) => text !== "").map(Number);
  } catch {
    return [];
  }
  return [parent, ...children].map(processOf).filter((found) => found !== undefined);
}

/** Processor time that a server and its processes have used, in seconds; NaN where the system does not say. */
export function serverSeconds(pid: number | undefined): number {
  const found = pid === undefined ? [] : family(pid);
  return found.length === 0 ? Number.NaN : found.reduce((sum, one) => sum + one.seconds, 0);
}

/** Processor time of one process alone, to the microsecond; nothing where the system does not say. */
export function processorSeconds(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;
  } catch {
    return undefined;
  }
}

/** Memory that the processes of a server hold for themselves, without the buffers that they share, in bytes. */
function serverMemory(pid: number): number {
  return family(pid).reduce((sum, one) => {
    try {
      return sum + Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${one.pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
    } catch {
      return sum;
    }
  }, 0);
}

/** The most that was held, in bytes; NaN where the system does not say. */
export interface Memory {
  /** By the processes of the server, without the buffers that they share. */
  readonly server: number;
  /** By this process. */
  readonly own: number;
}

/** Looks at the memory of a server and of this process until `stop`, which gives the most that was seen. */
export function watchMemory(pid: number | undefined): { stop(): Memory } {
  let server = Number.NaN;
  let own = 0;
  const look = () => {
    const now = pid === undefined ? 0 : serverMemory(pid);
    if (now > 0) server = Math.max(Number.isNaN(server) ? 0 : server, now);
    own = Math.max(own, process.memoryUsage.rss());
  };
  look();
  const timer = setInterval(look, 250);
  return {
    stop: () => {
      look();
      clearInterval(timer);
      return { server, own };
    },
  };
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}
