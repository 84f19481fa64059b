import t from "tap";
import { testDatabase } from "./support/database.ts";

const groups = ["marketbase_reader", "marketbase_analyst", "marketbase_auditor", "marketbase_author"];
const logins = ["marketbase_migrator", "marketbase_worker", "marketbase_authenticator"];

t.test("S12: no role is superuser or bypasses row-level security, no login owns anything but the job queue", async (t) => {
  const db = await testDatabase(t);
  const roles = await db.query<{ name: string; login: boolean; powers: boolean }>(
    "select rolname as name, rolcanlogin as login, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powers from pg_roles where rolname like 'marketbase\\_%' order by 1",
  );
  t.same(roles.map(({ name }) => name), ["marketbase_owner", "marketbase_probe", ...groups, ...logins].sort());
  t.same(roles.filter(({ powers }) => powers), []);
  t.same(roles.filter(({ login }) => login).map(({ name }) => name), [...logins].sort());
  t.equal(await db.value("select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"), "marketbase_owner");
  const owned = await db.query<{ what: string }>(`
    select format('%s %s', n.nspname, pg_get_userbyid(n.nspowner)) as what from pg_namespace as n where pg_get_userbyid(n.nspowner)::text = any($1) union all
    select format('%s.%s %s', n.nspname, c.relname, pg_get_userbyid(c.relowner)) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where pg_get_userbyid(c.relowner)::text = any($1) and n.nspname <> 'graphile_worker' union all
    select format('%s.%s() %s', n.nspname, p.proname, pg_get_userbyid(p.proowner)) from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
     where pg_get_userbyid(p.proowner)::text = any($1) and n.nspname <> 'graphile_worker'`, [logins]);
  t.same(owned.map(({ what }) => what).filter((what) => !what.startsWith("pg_t")), ["graphile_worker marketbase_worker"]);
});

t.test("S11: each login has a connection limit and four time limits, in force from its first statement", async (t) => {
  const db = await testDatabase(t);
  t.same(await db.query("select rolname::text as name, rolconnlimit as limit from pg_roles where rolname = any($1) order by 1", [logins]), [
    { name: "marketbase_authenticator", limit: 40 },
    { name: "marketbase_migrator", limit: 20 },
    { name: "marketbase_worker", limit: 30 },
  ]);
  const limitsOf = async (purpose: "migrator" | "worker" | "graphql" | "analyst") =>
    await db.query(
      `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
              current_setting('idle_in_transaction_session_timeout') as idle, current_setting('transaction_timeout') as transaction`,
      [],
      purpose,
    );
  t.same(await limitsOf("migrator"), [{ statement: "1h", lock: "10s", idle: "10min", transaction: "2h" }]);
  t.same(await limitsOf("worker"), [{ statement: "30min", lock: "30s", idle: "5min", transaction: "1h" }]);
  t.same(await limitsOf("graphql"), [{ statement: "30s", lock: "5s", idle: "30s", transaction: "1min" }]);
  t.same(await limitsOf("analyst"), [{ statement: "15min", lock: "5s", idle: "30min", transaction: "1h" }]);
  const { code } = await db.refused("set statement_timeout to 50; select pg_sleep(5)", undefined, "graphql");
  t.equal(code, "57014");
});

t.test("the authenticator has no right of its own and may become four roles", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.n (n int); grant usage on schema trial to marketbase_reader; grant select on trial.n to marketbase_reader");
  t.equal((await db.refused("select * from trial.n", [], "graphql")).code, "42501", "it does not inherit");
  for (const purpose of ["reader", "analyst", "auditor", "author", "worker"] as const) t.same(await db.query("select * from trial.n", [], purpose), [], `${purpose} reads what the reader reads`);
  for (const role of groups) await t.resolves(db.pool("graphql").query(`set role ${role}; reset role`), `it may become ${role}`);
  for (const role of ["marketbase_owner", "marketbase_worker", "marketbase_probe", "marketbase_migrator", "postgres"]) {
    t.equal((await db.refused(`set role ${role}`, [], "graphql")).code, "42501", `not ${role}`);
  }
  for (const role of ["marketbase_owner", "marketbase_auditor", "marketbase_author", "marketbase_authenticator"]) {
    t.equal((await db.refused(`set role ${role}`, [], "worker")).code, "42501", `the worker does not become ${role}`);
  }
});

t.test("S1, S10: a new function is nobody's, public is closed, extensions live apart", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; grant usage on schema trial to marketbase_reader; create function trial.f() returns int language sql return 1");
  t.equal((await db.refused("select trial.f()", [], "reader")).code, "42501");
  t.notMatch(await db.value<string>("select coalesce(proacl::text, 'default') from pg_proc where oid = 'trial.f()'::regprocedure"), /default|[{,]=X/);
  for (const purpose of ["reader", "analyst", "auditor", "author", "worker", "graphql"] as const) {
    t.equal((await db.refused("create table public.x ()", [], purpose)).code, "42501", `${purpose}: no table in public`);
    t.equal((await db.refused("create schema mine", [], purpose)).code, "42501", `${purpose}: no schema`);
  }
  t.same(await db.query("select extname::text as name, nspname::text as schema from pg_extension join pg_namespace as n on n.oid = extnamespace where extname <> 'plpgsql' order by 1"), [
    { name: "btree_gist", schema: "extensions" },
    { name: "intarray", schema: "extensions" },
    { name: "pg_trgm", schema: "extensions" },
    { name: "unaccent", schema: "extensions" },
  ]);
  t.equal(await db.value("select has_database_privilege('public', current_database(), 'connect') or has_database_privilege('public', current_database(), 'temporary')"), false);
});

t.test("the job queue is the worker's alone", async (t) => {
  const db = await testDatabase(t);
  await db.query("select from graphile_worker.add_job('trial', '{\"n\": 1}')", [], "worker");
  t.equal(await db.value("select count(*)::int from graphile_worker.jobs where task_identifier = 'trial'", [], "worker"), 1);
  for (const purpose of ["reader", "analyst", "graphql", "migrator"] as const) {
    t.equal((await db.refused("select * from graphile_worker._private_jobs", [], purpose)).code, "42501", purpose);
  }
  t.equal(await db.value("select has_database_privilege('marketbase_worker', current_database(), 'create')"), false);
});
