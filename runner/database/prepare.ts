import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Logger as WorkerLogger, runMigrations } from "graphile-worker";
import pg from "pg";
import { UserError } from "../config/user-error.ts";
import { withConnection } from "./connect.ts";
import type { LoginPasswords, UrlFor } from "./connections.ts";
import type { Layout } from "./layout.ts";
import { createPool } from "./pool.ts";

/** Makes roles, extensions and migrations wait for each other; any two processes agree on it. */
export const PREPARE_LOCK = 7_216_385_001n;

/** Runs `work` while no other session of the same database prepares or migrates. */
export async function withPrepareLock<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("set lock_timeout to '10min'; set statement_timeout to 0; set idle_session_timeout to 0");
  await client.query("select pg_advisory_lock($1)", [PREPARE_LOCK]);
  try {
    return await work();
  } finally {
    await client.query("select pg_advisory_unlock($1)", [PREPARE_LOCK]).catch(() => undefined);
  }
}

/** Makes or repairs the roles of the server and gives the login roles their passwords. */
export async function prepareRoles(admin: pg.ClientBase, layout: Layout, passwords: LoginPasswords): Promise<void> {
  await admin.query("begin");
  try {
    await admin.query(readFileSync(join(layout.roles, "roles.sql"), "utf8"));
    for (const [login, password] of Object.entries(passwords) as [string, string][]) {
      await admin.query(`alter role ${pg.escapeIdentifier(`marketbase_${login}`)} password ${pg.escapeLiteral(password)}`);
    }
    await admin.query("commit");
  } catch (error) {
    await admin.query("rollback").catch(() => undefined);
    if ((error as { code?: string }).code !== "42501") throw error;
    const { rows } = await admin.query<{ login: string }>("select current_user as login");
    throw new UserError(`The user ${rows[0]?.login} of DATABASE_URL may not administer the roles of marketbase, which somebody else has made on this server: ${(error as Error).message}.`, {
      hint: "Use the URL of whoever made them or of a superuser, or let them grant you the roles (db/roles/roles.sql).",
      cause: error,
    });
  }
}

/** Makes or repairs owner, grants and extensions of the database that the connection is in. */
export async function grantDatabase(admin: pg.ClientBase, layout: Layout): Promise<void> {
  await admin.query(readFileSync(join(layout.roles, "database.sql"), "utf8"));
}

/** Makes or repairs owner, grants, extensions and the job queue of one database. */
export async function prepareDatabase(urlFor: UrlFor, database: string | undefined, layout: Layout): Promise<void> {
  await withConnection(urlFor("admin", database), async (admin) => {
    await grantDatabase(admin, layout);
    await installJobQueue(admin, urlFor("worker", database));
  });
}

/**
 * Installs or upgrades the schema of graphile-worker. It belongs to the worker role, because its tables are closed to all but their owner.
 * To make a schema a role needs CREATE on the database: the worker has it for that moment only (`database.sql` revokes it on each start).
 */
async function installJobQueue(admin: pg.ClientBase, workerUrl: string): Promise<void> {
  const { rows } = await admin.query<{ installed: boolean; database: string }>(
    "select to_regclass('graphile_worker.migrations') is not null as installed, current_database() as database",
  );
  const [state] = rows;
  const database = pg.escapeIdentifier(state?.database ?? "");
  if (state?.installed !== true) {
    await admin.query(`grant create on database ${database} to marketbase_worker`);
    await admin.query("create schema if not exists graphile_worker authorization marketbase_worker");
  }
  const pool = createPool(workerUrl, { max: 1, name: "marketbase prepare" });
  try {
    await runMigrations({ pgPool: pool, logger: new WorkerLogger(() => () => undefined) });
  } finally {
    await pool.end();
    if (state?.installed !== true) await admin.query(`revoke create on database ${database} from marketbase_worker`);
  }
  await admin.query("grant usage on schema graphile_worker to marketbase_owner");
}

/** With a server of the user's own, whose login may not make roles: finds out whether an administrator has made them. */
export async function requireRoles(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ login: string; missing: string[] }>(`
    select current_user as login, coalesce(array_agg(name) filter (where to_regrole(name) is null or not pg_has_role(current_user, to_regrole(name), 'SET')), '{}') as missing
      from unnest(array['marketbase_owner', 'marketbase_worker', 'marketbase_authenticator', 'marketbase_reader', 'marketbase_analyst', 'marketbase_auditor', 'marketbase_author', 'marketbase_probe']) as name`);
  const [state] = rows;
  if (state !== undefined && state.missing.length > 0) {
    throw new UserError(`The user ${state.login} of DATABASE_URL may neither create roles nor become ${state.missing.join(", ")}.`, {
      hint: `Let an administrator run db/roles/roles.sql and grant these roles to ${state.login}, or use an administrator's URL.`,
    });
  }
}

/** Whether the login may create roles, hence whether it can prepare a server. */
export async function mayPrepare(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>("select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user");
  return rows[0]?.may === true;
}

