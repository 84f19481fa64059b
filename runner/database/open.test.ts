import { join } from "node:path";
import t from "tap";
import { loadConfig, type Config } from "../config/config.ts";
import type { UserError } from "../config/user-error.ts";
import { testSettings, useEmbeddedServer } from "../embedded/server.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { trialLayout } from "../testing/layout.ts";
import { connect, withConnection } from "./connect.ts";
import { openDatabase } from "./open.ts";

t.setTimeout(100_000);

// A server of the user's own: an embedded one that is reached by URL only. Roles belong to a whole server, so this test has one for itself.
const server = await useEmbeddedServer({ home: join(temporaryFolder(t), "home"), settings: testSettings, what: "open.test" });
t.teardown(() => server.release());
const urlOf = (user: string, password: string, database: string) => `postgres://${user}:${password}@127.0.0.1:${server.port}/${database}`;
const superuser = (database: string) => urlOf("postgres", server.secrets.superuser, database);

const layout = trialLayout(t);
layout.write("db/migrations/current/100-trial.sql", "create schema if not exists trial;\ncreate table if not exists trial.n (n int);\n");

function config(databaseUrl: string, passwords: Config["passwords"] = {}): Config {
  return { ...loadConfig({}), databaseUrl, passwords };
}

async function whoAmI(url: string): Promise<string> {
  return await withConnection(url, async (client) => (await client.query<{ who: string }>("select session_user || ' as ' || current_user || ' ' || current_setting('statement_timeout') as who")).rows[0]?.who ?? "");
}

async function administer(sql: string, database = "postgres"): Promise<void> {
  await withConnection(superuser(database), (client) => client.query(sql));
}

t.test("a landlord who is no superuser but may create roles prepares the database of which he is the owner", async (t) => {
  await administer("create role landlord login password 'landlord' createrole createdb");
  await administer("create database rented owner landlord");
  const opened = await openDatabase(config(urlOf("landlord", "landlord", "rented")), { layout });
  t.equal(opened.kind, "external");
  t.same(opened.applied, ["current"]);
  t.equal(await whoAmI(opened.urlFor("worker")), "landlord as marketbase_worker 30min", "limits do not come with set role: the URL brings them");
  t.equal(await whoAmI(opened.urlFor("migrator")), "landlord as marketbase_owner 1h");
  t.equal(await whoAmI(opened.urlFor("reader")), "landlord as marketbase_reader 15min");
  await withConnection(opened.urlFor("migrator"), (client) => client.query("insert into trial.n values (1)"));
  await withConnection(opened.urlFor("worker"), (client) => client.query("select from graphile_worker.add_job('trial')"));
  await opened.close();
  const again = await openDatabase(config(urlOf("landlord", "landlord", "rented")), { layout });
  t.same(again.applied, [], "a second start changes nothing");
  await again.close();
});

t.test("a superuser's URL with passwords for the logins", async (t) => {
  await administer("create database own");
  const opened = await openDatabase(config(superuser("own"), { migrator: "migrator-1", worker: "worker p@ss/1", authenticator: "authenticator" }), { layout });
  t.equal(await whoAmI(opened.urlFor("migrator")), "marketbase_migrator as marketbase_owner 1h");
  t.equal(await whoAmI(opened.urlFor("worker")), "marketbase_worker as marketbase_worker 30min");
  t.equal(await whoAmI(opened.urlFor("graphql")), "marketbase_authenticator as marketbase_authenticator 30s");
  t.equal(await whoAmI(opened.urlFor("auditor")), "marketbase_authenticator as marketbase_auditor 15min");
  await opened.close();
});

t.test("roles that were tampered with are repaired at the next start", async (t) => {
  await administer("alter role marketbase_worker superuser connection limit -1; alter role marketbase_authenticator bypassrls inherit; alter role marketbase_authenticator reset statement_timeout; alter role marketbase_owner login");
  await administer("grant create on database own to marketbase_worker; grant all on database own to public; grant create on schema public to public", "own");
  await (await openDatabase(config(superuser("own")), { layout })).close();
  const state = await withConnection(superuser("own"), async (client) =>
    (await client.query<Record<string, boolean>>(`
      select (select bool_or(rolsuper or rolbypassrls) from pg_roles where rolname like 'marketbase\\_%') as powers,
             (select rolconnlimit > 0 from pg_roles where rolname = 'marketbase_worker') as limited,
             (select rolinherit from pg_roles where rolname = 'marketbase_authenticator') as inherits,
             (select 'statement_timeout=30s' = any(rolconfig) from pg_roles where rolname = 'marketbase_authenticator') as timed,
             (select rolcanlogin from pg_roles where rolname = 'marketbase_owner') as owner_logs_in,
             has_database_privilege('marketbase_worker', 'own', 'create') as worker_creates,
             has_database_privilege('public', 'own', 'connect') as public_connects,
             has_schema_privilege('public', 'public', 'create') as public_creates`)).rows[0],
  );
  t.same(state, { powers: false, limited: true, inherits: false, timed: true, owner_logs_in: false, worker_creates: false, public_connects: false, public_creates: false });
});

t.test("a login without rights is told what an administrator has to do; with the roles granted it is enough", async (t) => {
  await administer("create role tenant login password 'tenant-1'; grant connect on database own to tenant");
  const mine = config(urlOf("tenant", "tenant-1", "own"));
  const failure: unknown = await openDatabase(mine, { layout }).catch((error: unknown) => error);
  t.match((failure as UserError).message, /^The user tenant of DATABASE_URL may neither create roles nor become marketbase_owner, /);
  t.equal((failure as UserError).exitCode, 1);
  t.match((failure as UserError).hint, /db\/roles\/roles\.sql/);
  await administer("grant marketbase_owner, marketbase_worker, marketbase_authenticator, marketbase_reader, marketbase_analyst, marketbase_auditor, marketbase_author to tenant with inherit false, set true");
  const opened = await openDatabase(mine, { layout });
  t.equal(await whoAmI(opened.urlFor("worker")), "tenant as marketbase_worker 30min");
  await opened.close();
});

t.test("somebody else's roles on the same server: one sentence", async (t) => {
  await administer("create role neighbour login password 'neighbour' createrole createdb");
  await administer("create database next_door owner neighbour");
  await t.rejects(openDatabase(config(urlOf("neighbour", "neighbour", "next_door")), { layout }), {
    name: "UserError",
    message: /^The user neighbour of DATABASE_URL may not administer the roles of marketbase/,
  });
});

t.test("a killed preparation leaves no right behind", async (t) => {
  await administer("create database killed");
  const client = await connect(superuser("killed"));
  t.teardown(() => client.end());
  await (await openDatabase(config(superuser("killed")), { layout })).close();
  await client.query("drop schema graphile_worker cascade; grant create on database killed to marketbase_worker");
  await (await openDatabase(config(superuser("killed")), { layout })).close();
  const { rows } = await client.query("select has_database_privilege('marketbase_worker', 'killed', 'create') as creates, to_regclass('graphile_worker.jobs') is not null as queue");
  t.same(rows, [{ creates: false, queue: true }]);
});
