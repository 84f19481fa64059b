import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError, EXIT } from "../config/user-error.ts";
import { processStart, processState } from "./process.ts";

interface Holder {
  pid: number;
  start?: string | undefined;
  what: string;
}

/** Runs `action` while no other process holds the lock file. The lock of a process that has died is taken over. */
export async function withFileLock<T>(path: string, action: () => Promise<T>, patience = 120_000): Promise<T> {
  const deadline = Date.now() + patience;
  while (!tryLock(path)) {
    if (Date.now() > deadline) {
      const holder = readHolder(path);
      throw new UserError(`Another marketbase (process ${holder?.pid ?? "unknown"}) has been starting or stopping the database for ${patience / 1000} s.`, {
        exitCode: EXIT.tryAgain,
        hint: `If no such process exists, delete ${path}.`,
      });
    }
    await sleep(50);
  }
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Writes down that this process uses the server; the returned path is given to `removeLease` at the end. */
export function addLease(folder: string, what: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${process.pid}-${randomUUID().slice(0, 8)}.json`);
  writeFileSync(path, identity(what), { mode: 0o600 });
  return path;
}

/** Forgets one use of the server. */
export function removeLease(path: string): void {
  rmSync(path, { force: true });
}

/** The living users of the server; the leases of the dead are swept away. */
export function liveLeases(folder: string): Holder[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    const holder = readHolder(path);
    if (holder !== undefined && isAlive(holder)) return [holder];
    rmSync(path, { force: true });
    return [];
  });
}

function tryLock(path: string): boolean {
  // A complete file appears under its name in one step: no reader ever sees half a lock.
  const draft = join(dirname(path), `.${basename(path)}-${randomUUID()}`);
  writeFileSync(draft, identity("lock"), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder)) takeAway(path, holder);
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock of a dead process, and only that one: if a living process was quicker its lock is put back. */
function takeAway(path: string, dead: Holder): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved !== undefined && (moved.pid !== dead.pid || moved.start !== dead.start)) {
    try {
      linkSync(aside, path);
    } catch {
      // Somebody holds the name already; the mutual exclusion of postmaster.pid remains.
    }
  }
  rmSync(aside, { force: true });
}

function identity(what: string): string {
  return JSON.stringify({ pid: process.pid, start: processStart(process.pid), what } satisfies Holder);
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof value === "object" && value !== null && "pid" in value && typeof value.pid === "number" ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  if (processState(holder.pid) !== "running") return false;
  return holder.start === undefined || processStart(holder.pid) === holder.start;
}
