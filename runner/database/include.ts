import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "graphile-migrate";
import pg from "pg";
import { UserError } from "../config/user-error.ts";
import { withConnection } from "./connect.ts";
import type { UrlFor } from "./connections.ts";
import { FUNCTIONS_FILE, committedFiles, contentHash, currentFiles, embeddedFunctions, fileNumber, functionFiles, includedPaths, type Layout, type SqlFile } from "./layout.ts";
import { migrate, migrateSettings } from "./migrate.ts";
import { prepareDatabase } from "./prepare.ts";

/** The files of `sql-functions` that the committed migrations do not hold in this form, and those of objects that they make, no migration drops and the folder has lost. */
export interface FunctionChanges {
  readonly changed: SqlFile[];
  readonly removed: string[];
}

/** Compares `sql-functions` with what the committed migrations embed. Files that a current migration includes by hand are left to it. */
export function functionChanges(layout: Layout): FunctionChanges {
  const migrations = [...committedFiles(layout), ...currentFiles(layout)];
  const embedded = embeddedFunctions(committedFiles(layout));
  const byHand = new Set(currentFiles(layout).flatMap(({ sql }) => includedPaths(sql)));
  const files = functionFiles(layout);
  const object = (path: string) => path.replace(/^([^/]+)\/(?:.*\/)?([^/]+)\.sql$/, "$1.$2");
  const present = new Set(files.map(({ path }) => object(path)));
  const dropped = (name: string) => migrations.some(({ sql }) => new RegExp(`^drop \\w+ (if exists )?${name.replace(".", "\\.")}\\b`, "im").test(sql));
  return {
    changed: files.filter(({ path, sql }) => embedded.get(path) !== sql.trim() && !byHand.has(path)),
    removed: [...embedded.keys()].filter((path) => !present.has(object(path)) && !dropped(object(path))),
  };
}

/** Makes a database with the committed migrations and nothing else. */
export async function createDatabase(urlFor: UrlFor, database: string, layout: Layout): Promise<void> {
  await withConnection(urlFor("admin", "postgres"), async (admin) => {
    await admin.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
    await admin.query(`create database ${pg.escapeIdentifier(database)} template template0`);
  });
  await prepareDatabase(urlFor, database, layout);
  await migrate(urlFor, layout, { database });
}

/** Builds a database from nothing: the committed migrations, the current one, and the changed functions in an order that works. Returns that order. */
export async function buildDatabase(urlFor: UrlFor, database: string, layout: Layout): Promise<string[]> {
  await createDatabase(urlFor, database, layout);
  const current = currentFiles(layout);
  const limit = fileNumber(FUNCTIONS_FILE);
  const { changed } = functionChanges(layout);
  return await withConnection(urlFor("migrator", database), async (client) => {
    await client.query("begin");
    await runFiles(client, urlFor, layout, database, current.filter(({ path }) => fileNumber(path) < limit));
    const order = await applyInAnyOrder(client, changed);
    await runFiles(client, urlFor, layout, database, current.filter(({ path }) => fileNumber(path) > limit));
    await client.query("commit");
    return order;
  });
}

/** Writes the order of the changed functions into the current migration; the file goes away when nothing has changed. True when it differs. */
export function writeFunctionsFile(layout: Layout, order: readonly string[]): boolean {
  const path = join(layout.migrations, "current", FUNCTIONS_FILE);
  const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (order.length === 0) {
    if (before !== undefined) rmSync(path);
    return before !== undefined;
  }
  const text = `-- Made by \`marketbase db include\` from ${contentHash(layout)}: the changed files of sql-functions, each after what it needs.\n${order.map((file) => `--! include ${file}\n`).join("")}`;
  if (before === text) return false;
  writeFileSync(path, text);
  return true;
}

/** Whether the generated file of the current migration fits the folder as it is now. */
export function functionsFileIsFresh(layout: Layout): boolean {
  const path = join(layout.migrations, "current", FUNCTIONS_FILE);
  if (functionChanges(layout).changed.length === 0) return !existsSync(path);
  return existsSync(path) && readFileSync(path, "utf8").includes(`from ${contentHash(layout)}:`);
}

/** The errors of an object whose dependencies are not there yet; MB003 comes from definitions that name kernels, sets or rules of other files. */
const notYet = new Set(["42883", "42P01", "42704", "42703", "3F000", "MB003"]);

/** Creates objects in whatever order works: what fails for want of another is tried again after the others. Returns the order. */
export async function applyInAnyOrder(client: pg.ClientBase, files: readonly SqlFile[]): Promise<string[]> {
  const order: string[] = [];
  let waiting = [...files];
  while (waiting.length > 0) {
    const failed: { file: SqlFile; error: pg.DatabaseError }[] = [];
    for (const file of waiting) {
      await client.query("savepoint before_file");
      try {
        await client.query(file.sql);
        order.push(file.path);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        if (!notYet.has(error.code ?? "")) throw fileError([{ file, error }]);
        failed.push({ file, error });
        await client.query("rollback to savepoint before_file");
      }
      await client.query("release savepoint before_file");
    }
    if (failed.length === waiting.length) throw fileError(failed);
    waiting = failed.map(({ file }) => file);
  }
  return order;
}

async function runFiles(client: pg.ClientBase, urlFor: UrlFor, layout: Layout, database: string, files: readonly SqlFile[]): Promise<void> {
  for (const file of files) {
    const sql = await compile(migrateSettings(urlFor, layout, { database }), file.sql, { filename: file.path });
    try {
      await client.query(sql);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      throw fileError([{ file: { path: `db/migrations/current/${file.path}`, sql }, error }], "");
    }
  }
}

/** Every failing file with its line and what the server said. */
function fileError(failures: readonly { file: SqlFile; error: pg.DatabaseError }[], folder = "sql-functions/"): UserError {
  const lines = failures.map(({ file, error }) => {
    const line = error.position === undefined ? "" : `:${file.sql.slice(0, Number(error.position)).split("\n").length}`;
    return `${folder}${file.path}${line}: ${error.message} (${error.code})${error.where === undefined ? "" : `, ${error.where.split("\n")[0]}`}`;
  });
  const hint = failures.map(({ error }) => error.hint).find((text) => text !== undefined);
  return new UserError(lines.join("\n"), { ...(hint === undefined ? {} : { hint }), cause: failures[0]?.error });
}
