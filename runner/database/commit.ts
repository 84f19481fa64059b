import { commit, uncommit } from "graphile-migrate";
import { join } from "node:path";
import pg from "pg";
import { repositoryRoot } from "../config/config.ts";
import { withConnection } from "./connect.ts";
import type { UrlFor } from "./connections.ts";
import { committedFiles, currentIsBlank, type Layout } from "./layout.ts";
import { explainMigrationError, graphileMigrateSettled, migrateSettings } from "./migrate.ts";

/** The database in which a migration is tried from the beginning before it is committed. */
export const SHADOW_DATABASE = "marketbase_shadow";

/** Commits the current migration: tried on an empty shadow database first, then hash-chained into `committed/`. Returns the file's name. */
export async function commitCurrent(urlFor: UrlFor, layout: Layout, message: string | undefined): Promise<string | undefined> {
  if (currentIsBlank(layout)) return undefined;
  await withShadow(urlFor, layout, (settings) => commit(settings, message));
  return committedFiles(layout).at(-1)?.path;
}

/** Turns the last committed migration back into the current one. Returns the name of the file that was taken back. */
export async function uncommitLast(urlFor: UrlFor, layout: Layout): Promise<string | undefined> {
  const last = committedFiles(layout).at(-1)?.path;
  if (last === undefined) return undefined;
  await withShadow(urlFor, layout, (settings) => uncommit(settings));
  return last;
}

async function withShadow(urlFor: UrlFor, layout: Layout, work: (settings: ReturnType<typeof migrateSettings>) => Promise<void>): Promise<void> {
  const prepare = `"${process.execPath}" "${join(repositoryRoot, "runner/cli/marketbase.js")}" db prepare`;
  try {
    await work({ ...migrateSettings(urlFor, layout, { shadow: SHADOW_DATABASE }), afterReset: [{ _: "command", command: prepare, root: true }] });
  } catch (error) {
    throw explainMigrationError(error);
  } finally {
    await graphileMigrateSettled();
    await withConnection(urlFor("admin", "postgres"), (admin) => admin.query(`drop database if exists ${pg.escapeIdentifier(SHADOW_DATABASE)} with (force)`));
  }
}
