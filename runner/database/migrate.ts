import { setTimeout as sleep } from "node:timers/promises";
import { Logger, migrate as applyCommitted, watch as applyCurrent, type Settings } from "graphile-migrate";
import type pg from "pg";
import { UserError } from "../config/user-error.ts";
import { withConnection } from "./connect.ts";
import type { UrlFor } from "./connections.ts";
import { committedFiles, currentIsBlank, type Layout } from "./layout.ts";

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
  const { rows } = await client.query<{ present: boolean }>("select to_regclass('graphile_migrate.migrations') is not null as present");
  const done = rows[0]?.present === true ? (await client.query<{ filename: string }>("select filename from graphile_migrate.migrations order by filename")).rows : [];
  // The table knows a file by its number alone, the folder by number and message.
  const numberOf = (name: string) => `${name.replace(/[-.].*$/, "")}.sql`;
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
    logger: new Logger(() => () => undefined),
    ...(options.shadow === undefined ? {} : { shadowConnectionString: urlFor("migrator", options.shadow) }),
  };
}

/**
 * Brings a database up to date: the committed migrations that it lacks and, if asked, the current one. The caller holds the prepare lock.
 * Returns the names of the files that were applied.
 */
export async function migrate(urlFor: UrlFor, layout: Layout, options: { database?: string; current?: boolean } = {}): Promise<string[]> {
  const status = await withConnection(urlFor("migrator", options.database), (client) => migrationStatus(client, layout));
  if (status.unknown.length > 0) {
    throw new UserError(`The database has migrations that this checkout does not know: ${status.unknown.join(", ")}.`, {
      hint: "Update the checkout (git pull, npm ci), or use another database.",
    });
  }
  const current = options.current === true && !currentIsBlank(layout) ? ["current"] : [];
  if (status.pending.length === 0 && current.length === 0) return [];
  const settings = migrateSettings(urlFor, layout, options);
  try {
    if (options.current === true) await applyCurrent(settings, true, false);
    else await applyCommitted(settings);
  } catch (error) {
    throw explainMigrationError(error);
  } finally {
    await graphileMigrateSettled();
  }
  return [...status.pending, ...current];
}

/** graphile-migrate keeps its connections for 200 ms and ends the process when the server goes away under them: wait for that. */
export async function graphileMigrateSettled(): Promise<void> {
  await sleep(260);
}

/** One sentence for a migration that failed, with the place where it did. */
export function explainMigrationError(error: unknown): Error {
  const { code, message, hint, _gmMessageOverride: place } = error as { code?: string; message: string; hint?: string; _gmMessageOverride?: string };
  if (code === undefined) return error as Error;
  const where = /line (\d+), column \d+ of "([^"]+)"/.exec(place ?? "");
  return new UserError(`A migration failed${where === null ? "" : ` at line ${where[1]} of ${where[2]}`}: ${message} (${code}).`, {
    hint: `${hint === undefined ? "" : `${hint}. `}Nothing of this migration was kept; correct it and run it again.`,
    cause: error,
  });
}
