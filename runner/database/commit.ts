import { rmSync } from "node:fs";
import { join } from "node:path";
import { commit, uncommit, type Settings } from "graphile-migrate";
import pg from "pg";
import { repositoryRoot } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { withConnection } from "./connect.ts";
import type { UrlFor } from "./connections.ts";
import { createDatabase, functionsFileIsFresh } from "./include.ts";
import { FUNCTIONS_FILE, committedFiles, currentIsBlank, type Layout } from "./layout.ts";
import { explainMigrationError, graphileMigrateSettled, migrateSettings } from "./migrate.ts";
import { includeFunctions } from "./open.ts";

/** Two databases for the moment of a commit: the whole chain from nothing, and the new migration on top of what was there. */
const SHADOW = "marketbase_shadow";
const TRIAL = "marketbase_trial";

/**
 * Commits the current migration with the changed functions: tried twice on scratch databases, then hash-chained into `committed/`.
 * The working database is not touched. Returns the file's name, or undefined when there is nothing to commit.
 */
export async function commitCurrent(urlFor: UrlFor, layout: Layout, message: string): Promise<string | undefined> {
  if (!functionsFileIsFresh(layout)) await includeFunctions(urlFor, layout);
  if (currentIsBlank(layout)) return undefined;
  await withScratch(urlFor, [SHADOW, TRIAL], async () => {
    await createDatabase(urlFor, TRIAL, layout);
    await commit(settingsFor(urlFor, layout, TRIAL), message);
  });
  return committedFiles(layout).at(-1)?.path;
}

/** Turns the last committed migration back into the current one. Returns the name of the file that was taken back. */
export async function uncommitLast(urlFor: UrlFor, layout: Layout): Promise<string | undefined> {
  const last = committedFiles(layout).at(-1)?.path;
  if (last === undefined) return undefined;
  // The generated list of changed functions is no work of anybody's: it is made again when it is needed.
  rmSync(join(layout.migrations, "current", FUNCTIONS_FILE), { force: true });
  if (!currentIsBlank(layout)) {
    throw new UserError("The current migration is not empty, so the last committed one cannot become it.", {
      hint: "Commit it, or move its files out of db/migrations/current, and try again.",
    });
  }
  await withScratch(urlFor, [SHADOW], () => uncommit(settingsFor(urlFor, layout, undefined)));
  return last;
}

/** graphile-migrate makes the shadow database itself; afterwards it has it prepared by a process of its own. */
function settingsFor(urlFor: UrlFor, layout: Layout, database: string | undefined): Settings {
  const prepare = `"${process.execPath}" "${join(repositoryRoot, "runner/cli/marketbase.js")}" db prepare`;
  return { ...migrateSettings(urlFor, layout, { database, shadow: SHADOW }), afterReset: [{ _: "command", command: prepare, root: true }] };
}

async function withScratch(urlFor: UrlFor, databases: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw explainMigrationError(error);
  } finally {
    await graphileMigrateSettled();
    await withConnection(urlFor("admin", "postgres"), async (admin) => {
      for (const name of databases) await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    });
  }
}
