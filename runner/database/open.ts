import pg from "pg";
import type { Config } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";
import { useEmbeddedServer, type EmbeddedServer } from "../embedded/server.ts";
import { connect, requireVersion, withConnection } from "./connect.ts";
import { connectionUrls, type UrlFor } from "./connections.ts";
import { buildDatabase, functionsFileIsFresh, writeFunctionsFile } from "./include.ts";
import { repositoryLayout, type Layout } from "./layout.ts";
import { migrate } from "./migrate.ts";
import { mayPrepare, prepareDatabase, prepareRoles, requireRoles, withPrepareLock } from "./prepare.ts";

/** The name of the database on the embedded server. */
export const DATABASE = "marketbase";

/** How the database is opened. */
export interface OpenOptions {
  /** For what this process uses it; shown by `marketbase doctor`. */
  readonly what?: string;
  /** Prepare roles and apply migrations; default true. */
  readonly migrate?: boolean;
  /** Leave the embedded server running afterwards. */
  readonly keepRunning?: boolean;
  readonly onProgress?: (message: string) => void;
  readonly layout?: Layout;
}

/** A database that is ready to be used. */
export interface Database {
  readonly kind: "embedded" | "external";
  /** The URL for a purpose; see `Purpose`. */
  readonly urlFor: UrlFor;
  /** The embedded server, if that is what runs. */
  readonly server: EmbeddedServer | undefined;
  /** The migrations that were applied now. */
  readonly applied: readonly string[];
  /** Ends the use of the database; every pool must be closed before. */
  close(): Promise<void>;
}

/** Opens the embedded database, or the one of `DATABASE_URL`, prepares its roles and brings it up to date. */
export async function openDatabase(config: Config, options: OpenOptions = {}): Promise<Database> {
  return config.databaseUrl === undefined ? await openEmbedded(config, options) : await openExternal(config, config.databaseUrl, options);
}

/** The URLs of the embedded database on a running server. */
export function embeddedUrls(server: Pick<EmbeddedServer, "port" | "secrets">): UrlFor {
  return connectionUrls(`postgres://postgres:${server.secrets.superuser}@127.0.0.1:${server.port}/${DATABASE}`, server.secrets);
}

async function openEmbedded(config: Config, options: OpenOptions): Promise<Database> {
  const server = await useEmbeddedServer({
    home: config.home,
    what: options.what ?? "marketbase",
    keepRunning: options.keepRunning ?? false,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  const urlFor = embeddedUrls(server);
  const layout = options.layout ?? repositoryLayout;
  try {
    const applied =
      options.migrate === false
        ? []
        : await withConnection(urlFor("admin", "postgres"), (admin) =>
            withPrepareLock(admin, async () => {
              const { rowCount } = await admin.query("select from pg_database where datname = $1", [DATABASE]);
              if (rowCount === 0) await admin.query(`create database ${pg.escapeIdentifier(DATABASE)} template template0`);
              const { migrator, worker, authenticator } = server.secrets;
              await prepareRoles(admin, layout, { migrator, worker, authenticator });
              await prepareDatabase(urlFor, undefined, layout);
              return await bringUpToDate(config, urlFor, layout, options);
            }),
          );
    return { kind: "embedded", urlFor, server, applied, close: () => server.release() };
  } catch (error) {
    await server.release();
    throw error;
  }
}

async function openExternal(config: Config, adminUrl: string, options: OpenOptions): Promise<Database> {
  const layout = options.layout ?? repositoryLayout;
  const urlFor = connectionUrls(adminUrl, config.passwords);
  const admin = await connect(adminUrl);
  try {
    await requireVersion(admin);
    const applied =
      options.migrate === false
        ? []
        : await withPrepareLock(admin, async () => {
            if (await mayPrepare(admin)) {
              await prepareRoles(admin, layout, config.passwords);
              await prepareDatabase(urlFor, undefined, layout);
            } else {
              await requireRoles(admin);
            }
            return await bringUpToDate(config, urlFor, layout, options);
          });
    return { kind: "external", urlFor, server: undefined, applied, close: async () => undefined };
  } finally {
    await admin.end().catch(() => undefined);
  }
}

/** In production what is committed; in development also the current migration, with the functions that have changed. */
async function bringUpToDate(config: Config, urlFor: UrlFor, layout: Layout, options: OpenOptions): Promise<string[]> {
  const current = config.environment !== "production";
  if (current && !functionsFileIsFresh(layout)) {
    options.onProgress?.("finding an order for the changed functions");
    await includeFunctions(urlFor, layout);
  }
  options.onProgress?.("applying migrations");
  return await migrate(urlFor, layout, { current });
}

/** Finds the order of the changed functions in a scratch database and writes it into the current migration. */
export async function includeFunctions(urlFor: UrlFor, layout: Layout): Promise<string[]> {
  const scratch = `marketbase_scratch_${process.pid}`;
  try {
    const order = await buildDatabase(urlFor, scratch, layout);
    writeFunctionsFile(layout, order);
    return order;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "42501") throw error;
    throw new UserError("The login may not create the scratch database in which the order of functions is found.", {
      exitCode: EXIT.failed,
      hint: "Run marketbase db include with the embedded server (without DATABASE_URL), then try again.",
      cause: error,
    });
  } finally {
    await withConnection(urlFor("admin", "postgres"), (admin) => admin.query(`drop database if exists ${pg.escapeIdentifier(scratch)} with (force)`)).catch(() => undefined);
  }
}
