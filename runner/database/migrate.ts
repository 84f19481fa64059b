import { setTimeout as sleep } from "node:timers/promises";
import { Logger, migrate as applyCommitted, watch as applyCurrent, type Settings } from "graphile-migrate";
import pg from "pg";
import { UserError } from "../config/user-error.ts";
import { withConnection } from "./connect.ts";
import type { UrlFor } from "./connections.ts";
import { committedFiles, contentHash, currentIsBlank, type Layout } from "./layout.ts";

/** What a database has of the migrations of the checkout. */
export interface MigrationStatus {
  readonly applied: string[];
  readonly pending: string[];
  /** Applied here, but not in the checkout: the database is newer. */
  readonly unknown: string[];
}

/** Compares the database with the folder of committed migrations. */
export async function migrationStatus(client: pg.ClientBase, layout: Layout): Promise<MigrationStatus> {
  const files = committedFiles(layout).map(({ path }) => path);
  const done = (await hasTable(client, "graphile_migrate.migrations")) ? (await client.query<{ filename: string }>("select filename from graphile_migrate.migrations order by filename")).rows : [];
  const doneNames = new Set(done.map(({ filename }) => filename));
  return {
    applied: files.filter((name) => doneNames.has(numberOf(name))),
    pending: files.filter((name) => !doneNames.has(numberOf(name))),
    unknown: [...doneNames].filter((name) => !files.some((file) => numberOf(file) === name)),
  };
}

/** Settings for graphile-migrate; with `shadow` also for commit and uncommit. */
export function migrateSettings(urlFor: UrlFor, layout: Layout, options: { database?: string | undefined; shadow?: string } = {}): Settings {
  return {
    connectionString: urlFor("migrator", options.database),
    rootConnectionString: urlFor("admin", "postgres"),
    databaseOwner: "marketbase_owner",
    migrationsFolder: layout.migrations,
    blankMigrationContent: "-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.\n",
    logger: new Logger(() => () => undefined),
    ...(options.shadow === undefined ? {} : { shadowConnectionString: urlFor("migrator", options.shadow) }),
  };
}

/**
 * Brings a database up to date: the committed migrations that it lacks and, if asked, the current one. The caller holds the prepare lock.
 * Returns the names of the files that were applied.
 */
export async function migrate(urlFor: UrlFor, layout: Layout, options: { database?: string; current?: boolean } = {}): Promise<string[]> {
  const url = urlFor("migrator", options.database);
  const { status, before, mark } = await withConnection(url, async (client) => {
    await adoptCommittedCurrent(client, layout);
    return { status: await migrationStatus(client, layout), before: await appliedCurrent(client), mark: await appliedMark(client) };
  });
  if (status.unknown.length > 0) {
    throw new UserError(`The database has migrations that this checkout does not know: ${status.unknown.join(", ")}.`, {
      hint: "Update the checkout (git pull, npm ci), or use another database.",
    });
  }
  const current = options.current === true && !currentIsBlank(layout) && mark !== markOf(layout);
  if (status.pending.length === 0 && !current) return [];
  const settings = migrateSettings(urlFor, layout, options);
  try {
    if (current) await applyCurrent(settings, true, false);
    else await applyCommitted(settings);
  } catch (error) {
    throw explainMigrationError(error);
  } finally {
    await graphileMigrateSettled();
  }
  const after = current
    ? await withConnection(url, async (client) => {
        await client.query(`comment on schema graphile_migrate is ${pg.escapeLiteral(markOf(layout))}`);
        return await appliedCurrent(client);
      })
    : before;
  return [...status.pending, ...(after === before ? [] : ["current"])];
}

/** The text of the current migration that the database has seen last. */
async function appliedCurrent(client: pg.ClientBase): Promise<string | undefined> {
  if (!(await hasTable(client, "graphile_migrate.current"))) return undefined;
  const { rows } = await client.query<{ content: string }>("select content from graphile_migrate.current where filename = 'current.sql'");
  return rows[0]?.content;
}

/** Compiling and comparing the current migration takes a second or more: the comment of the schema says which sources were applied last. */
function markOf(layout: Layout): string {
  return `The migrations that were applied; development sources ${contentHash(layout)}.`;
}

async function appliedMark(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ mark: string | null }>("select obj_description(to_regnamespace('graphile_migrate'), 'pg_namespace') as mark");
  return rows[0]?.mark ?? undefined;
}

/** A database in which a migration ran as the current one has it already when the very same text is committed: it is written down, not run again. */
async function adoptCommittedCurrent(client: pg.ClientBase, layout: Layout): Promise<void> {
  const current = await appliedCurrent(client);
  const { pending } = await migrationStatus(client, layout);
  const file = committedFiles(layout).find(({ path }) => path === pending[0]);
  if (current === undefined || file === undefined) return;
  const { hash, previous, body } = readCommitted(file.sql);
  if (withoutHeader(current) !== body) return;
  await client.query("begin");
  await client.query("insert into graphile_migrate.migrations (hash, previous_hash, filename) values ($1, $2, $3)", [hash, previous, numberOf(file.path)]);
  await client.query("delete from graphile_migrate.current where filename = 'current.sql'");
  await client.query("commit");
}

function readCommitted(sql: string): { hash: string | undefined; previous: string | null; body: string } {
  const header = (name: string) => new RegExp(`^--! ${name}: (.*)$`, "m").exec(sql)?.[1]?.trim();
  const previous = header("Previous");
  return { hash: header("Hash"), previous: previous === undefined || previous === "-" ? null : previous, body: withoutHeader(sql) };
}

function withoutHeader(sql: string): string {
  return sql.replace(/^(--! [A-Z]\w*(:.*)?\n)*/, "").trim();
}

/** graphile-migrate knows a migration by its number alone, the folder by number and message. */
function numberOf(name: string): string {
  return `${name.replace(/[-.].*$/, "")}.sql`;
}

async function hasTable(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>("select to_regclass($1) is not null as present", [name]);
  return rows[0]?.present === true;
}

/** graphile-migrate keeps its connections for 200 ms and ends the process when the server goes away under them: wait for that. */
export async function graphileMigrateSettled(): Promise<void> {
  await sleep(260);
}

/** One sentence for a migration that failed, with the place where it did. */
export function explainMigrationError(error: unknown): Error {
  const { code, message, hint, _gmMessageOverride: place } = error as { code?: string; message: string; hint?: string; _gmMessageOverride?: string };
  if (error instanceof UserError || typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return error as Error;
  const where = /line (\d+), column \d+ of "([^"]+)"/.exec(place ?? "");
  // The current migration runs again after each change: objects that it made before may stand in its way.
  const inTheWay = ["42P06", "42P07", "42710", "42723", "42P13", "42P16", "42701"].includes(code);
  const advice = inTheWay ? "If an earlier form of the current migration made it: marketbase db reset --yes." : "Correct it and run it again.";
  return new UserError(`A migration failed${where === null ? "" : ` at line ${where[1]} of ${where[2]}`}: ${message} (${code}).`, {
    hint: `${hint === undefined ? "" : `${hint} `}Nothing of this migration was kept. ${advice}`,
    cause: error,
  });
}
