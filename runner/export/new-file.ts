import { link, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EXIT, UserError } from "../config/user-error.ts";

/**
 * Writes a file that appears under its name when it is complete, or not at all. Without `replace` a file that is there stays as it is.
 * What an earlier process that was killed left beside it is removed.
 */
export async function writeNewFile<T>(path: string, replace: boolean, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const refuse = () => new UserError(`${path} exists already.`, { hint: "Give another name, or --force to replace it." });
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw new UserError(`${path} is a folder.`, { exitCode: EXIT.usage, hint: "Name a file." });
  if (found !== undefined && !replace) throw refuse();
  await removeLeftovers(path);

  const draft = draftOf(path, process.pid);
  let file: FileHandle;
  try {
    file = await open(draft, "wx");
  } catch (cause) {
    throw new UserError(`${path} cannot be written: ${(cause as Error).message}.`, { hint: "Does the folder exist, and may you write there?", cause });
  }
  try {
    const result = await work(file);
    await file.sync();
    await file.close();
    // A link never replaces what somebody else put there meanwhile.
    if (replace) await rename(draft, path);
    else await link(draft, path);
    return result;
  } catch (error) {
    throw (error as { code?: string }).code === "EEXIST" ? refuse() : error;
  } finally {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
  }
}

function draftOf(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${pid}.partial`);
}

async function removeLeftovers(path: string): Promise<void> {
  const before = `.${basename(path)}.`;
  const after = ".partial";
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const pid = name.startsWith(before) && name.endsWith(after) ? Number(name.slice(before.length, -after.length)) : Number.NaN;
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid)) await rm(join(dirname(path), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
