import type pg from "pg";
import type { Config } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import { requireVersion, withConnection } from "../database/connect.ts";
import { connectionUrls, type UrlFor } from "../database/connections.ts";
import { repositoryLayout } from "../database/layout.ts";
import { migrationStatus } from "../database/migrate.ts";
import { DATABASE, embeddedUrls } from "../database/open.ts";
import { runningServer } from "../embedded/server.ts";
import type { Report } from "./report.ts";

/** What a server tells about itself; nothing is started and nothing is changed. */
export async function checkDatabase(report: Report, config: Config): Promise<void> {
  const urlFor = await reach(report, config);
  if (urlFor === undefined) return;
  await guarded(report, "The database", () =>
    withConnection(urlFor("admin"), async (client) => {
      await checkServer(report, client);
      await checkRoles(report, client);
      await checkMigrations(report, client, config);
    }),
  );
  await guarded(report, "The job queue", () => withConnection(urlFor("worker"), (client) => checkJobs(report, client)));
  await guarded(report, "What is told to the outside", () => withConnection(urlFor("worker"), (client) => checkAlerts(report, client)));
}

async function reach(report: Report, config: Config): Promise<UrlFor | undefined> {
  if (config.databaseUrl !== undefined) {
    const { host, pathname, username } = new URL(config.databaseUrl);
    report.fact("database", "server", `DATABASE_URL: ${username}@${host}${pathname}`);
    return connectionUrls(config.databaseUrl, config.passwords);
  }
  const server = runningServer(config.home);
  if (server === undefined) return undefined;
  const urlFor = embeddedUrls(server);
  // A server that has just been made may not have the database yet.
  const { rowCount } = await withConnection(urlFor("admin", "postgres"), (client) => client.query("select from pg_database where datname = $1", [DATABASE]));
  if (rowCount === 1) return urlFor;
  report.finding("The server runs, but its database has not been made.", "Run marketbase db migrate.");
  return undefined;
}

/** A check that fails is a finding itself; the others go on. */
async function guarded(report: Report, what: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (error instanceof UserError) report.finding(error.message, error.hint ?? "See marketbase --help.");
    else report.finding(`${what} cannot be checked: ${(error as Error).message}.`, "Run marketbase db migrate, then marketbase doctor again.");
  }
}

async function checkServer(report: Report, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string; size: string; used: number; most: number; since: string }>(`
    select current_setting('server_version') as version,
           pg_size_pretty(pg_database_size(current_database())) as size,
           (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
           current_setting('max_connections')::int as most,
           to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') as since`);
  const [server] = rows;
  if (server === undefined) return;
  report.fact("database", "version", `PostgreSQL ${server.version}`);
  report.fact("database", "running since", server.since);
  report.fact("database", "size", server.size);
  report.fact("database", "connections", `${server.used} of ${server.most}`);
  await requireVersion(client);
  if (server.used > server.most * 0.9) report.finding(`${server.used} of ${server.most} connections are in use.`, "Close clients, or raise max_connections.");
}

interface Role {
  name: string;
  missing: boolean;
  powers: string[];
  limits: number;
  limited: boolean;
  login: boolean;
}

async function checkRoles(report: Report, client: pg.Client): Promise<void> {
  const { rows } = await client.query<Role>(`
    select name, rolname is null as missing,
           array_remove(array[case when rolsuper then 'superuser' end, case when rolbypassrls then 'bypassrls' end,
                              case when rolcreaterole then 'createrole' end, case when rolreplication then 'replication' end], null) as powers,
           (select count(*)::int from unnest(rolconfig) as setting
             where setting ~ '^(statement_timeout|lock_timeout|idle_in_transaction_session_timeout|transaction_timeout)=') as limits,
           coalesce(rolconnlimit > 0, false) as limited,
           coalesce(rolcanlogin, false) as login
      from unnest(array['marketbase_owner', 'marketbase_migrator', 'marketbase_worker', 'marketbase_authenticator', 'marketbase_reader',
                        'marketbase_analyst', 'marketbase_auditor', 'marketbase_author', 'marketbase_probe']) as name
      left join pg_roles on rolname = name`);
  const repair = "Run marketbase db migrate, which repairs the roles.";
  const missing = rows.filter((role) => role.missing).map((role) => role.name);
  report.fact("roles", "present", `${rows.length - missing.length} of ${rows.length}`);
  if (missing.length > 0) report.finding(`The roles ${missing.join(", ")} are missing.`, repair);
  for (const role of rows) {
    if (role.powers.length > 0) report.finding(`The role ${role.name} has powers that it should not have: ${role.powers.join(", ")}.`, repair);
    if (role.login && (role.limits < 4 || !role.limited)) report.finding(`The role ${role.name} lacks time limits or a connection limit.`, repair);
  }
}

async function checkMigrations(report: Report, client: pg.Client, config: Config): Promise<void> {
  const { applied, pending, unknown } = await migrationStatus(client, repositoryLayout);
  report.fact("migrations", "applied", applied.length);
  report.fact("migrations", "pending", pending.length === 0 ? "0" : `${pending.length}: ${pending.join(", ")}`);
  if (pending.length > 0) report.finding(`${pending.length} migrations are not applied.`, `Run marketbase db migrate${config.environment === "production" ? "" : " (npm start does it too)"}.`);
  if (unknown.length > 0) report.finding(`The database has migrations that this checkout does not know: ${unknown.join(", ")}.`, "Update the checkout: git pull, npm ci.");
}

async function checkJobs(report: Report, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>("select to_regclass('graphile_worker.jobs') is not null as present");
  if (rows[0]?.present !== true) {
    report.finding("The job queue is not installed.", "Run marketbase db migrate.");
    return;
  }
  const jobs = await client.query<{ waiting: number; running: number; failed: number; overdue: number }>(`
    select count(*) filter (where locked_at is null and attempts < max_attempts)::int as waiting,
           count(*) filter (where locked_at is not null)::int as running,
           count(*) filter (where locked_at is null and attempts >= max_attempts)::int as failed,
           count(*) filter (where locked_at is null and attempts < max_attempts and run_at < now() - interval '10 minutes')::int as overdue
      from graphile_worker.jobs`);
  const [state] = jobs.rows;
  if (state === undefined) return;
  report.fact("jobs", "waiting", state.waiting);
  report.fact("jobs", "running", state.running);
  report.fact("jobs", "failed for good", state.failed);
  if (state.overdue > 0) report.finding(`${state.overdue} jobs have been waiting for more than ten minutes.`, "Start a worker: npm start or marketbase worker.");
  if (state.failed > 0) {
    const { rows: failed } = await client.query<{ task: string; error: string | null }>(
      "select task_identifier as task, left(split_part(last_error, E'\\n', 1), 200) as error from graphile_worker.jobs where locked_at is null and attempts >= max_attempts order by id desc limit 3",
    );
    report.finding(
      `${state.failed} jobs have failed for good, the last ones: ${failed.map(({ task, error }) => `${task}: ${error ?? "no error"}`).join("; ")}.`,
      "Look at graphile_worker.jobs; select graphile_worker.reschedule_jobs(array[id], attempts := 0) tries one again.",
    );
  }
}

async function checkAlerts(report: Report, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ destination: string; waiting: number; dead: number; late: boolean; error: string | null }>(`
    select destination, waiting::int, dead::int, coalesce(is_active and oldest_waiting_at < now() - interval '10 minutes', false) as late, last_error as error
      from pipeline.outbox_status
     order by destination`);
  report.fact("alerts", "destinations", rows.length);
  for (const { destination, waiting, dead, late, error } of rows) {
    const why = error === null ? "" : ` (${error.replace(/\.$/, "")})`;
    if (late) report.finding(`${waiting} alerts have been waiting for ${destination} for more than ten minutes${why}.`, "Start a worker, and see marketbase alerts list.");
    if (dead > 0) report.finding(`${dead} alerts for ${destination} were given up${why}.`, `Mend the cause, then run marketbase alerts retry ${destination}.`);
  }
}
