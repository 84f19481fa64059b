import { statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testClusterHome } from "../../../runner/testing/cluster.ts";
import { connect } from "../../../runner/database/connect.ts";
import { testDatabase } from "../support/database.ts";

const logins = ["marketbase_authenticator", "marketbase_migrator", "marketbase_worker"];

t.test("S11: time-outs and a limit of connections on each login role", async (t) => {
  const db = await testDatabase(t);
  const rows = await db.query<{ rolname: string; rolconnlimit: number; settings: string[] }>(
    "select rolname, rolconnlimit, array(select split_part(c, '=', 1) from unnest(rolconfig) c order by 1) as settings from pg_roles where rolname like 'marketbase%' and rolcanlogin order by 1",
  );
  t.strictSame(rows.map(({ rolname }) => rolname), logins);
  for (const { rolname, rolconnlimit, settings } of rows) {
    t.ok(rolconnlimit > 0 && rolconnlimit <= 100, `${rolname}: ${rolconnlimit} connections`);
    for (const setting of ["idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "transaction_timeout"]) {
      t.ok(settings.includes(setting), `${rolname}: ${setting}`);
    }
  }
  // Real connections have them, and a statement of an impatient role is stopped.
  t.not(await db.value("select current_setting('statement_timeout')", [], "graphql"), "0");
  t.not(await db.value("select current_setting('statement_timeout')", [], "worker"), "0");
  t.equal((await db.refused("set statement_timeout to '50ms'; select pg_sleep(5)", undefined, "reader")).code, "57014");
});

t.test("S12: no login is superuser, bypasses row-level security or owns anything", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(
    await db.query("select rolname from pg_roles where rolname like 'marketbase%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)"),
    [],
  );
  t.equal(await db.value("select rolcanlogin from pg_roles where rolname = 'marketbase_owner'"), false);
  t.strictSame(
    await db.query("select oid::regclass::text from pg_class where relowner::regrole::text = any ($1) and relnamespace::regnamespace::text <> 'graphile_worker' and relnamespace::regnamespace::text not like 'pg\\_%'", [logins]),
    [],
  );
  // What the login of the API may do before it has taken a role: nothing.
  t.equal((await db.refused("select * from market.instrument", [], "graphql")).code, "42501");
  t.equal((await db.refused("set role marketbase_owner", [], "graphql")).code, "42501");
  t.equal((await db.refused("set role marketbase_worker", [], "graphql")).code, "42501");
  t.equal((await db.refused("set role marketbase_owner", [], "worker")).code, "42501");
});

t.test("S13: scram, random passwords in a file of its owner, and the loopback address only", async (t) => {
  const db = await testDatabase(t);
  const admin = await connect(db.url("admin"));
  t.teardown(() => admin.end());
  const { rows: stored } = await admin.query("select rolname from pg_authid where rolcanlogin and rolname like 'marketbase%' and rolpassword not like 'SCRAM-SHA-256$%' or rolpassword is null and rolname = any ($1)", [logins]);
  t.strictSame(stored, []);
  const { rows: methods } = await admin.query("select distinct auth_method from pg_hba_file_rules");
  t.strictSame(methods, [{ auth_method: "scram-sha-256" }]);
  const { rows: settings } = await admin.query("select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets, current_setting('password_encryption') as encryption");
  t.strictSame(settings, [{ addresses: "127.0.0.1", sockets: "", encryption: "scram-sha-256" }]);

  const url = new URL(db.url("graphql"));
  t.ok(url.password.length >= 24, "a password that nobody guesses");
  t.not(url.password, new URL(db.url("worker")).password, "one of its own for each login");
  url.password = "wrong";
  await t.rejects(connect(url.href), { message: /refuses the password/ });
  url.password = "";
  await t.rejects(connect(url.href), "and none without");
  t.equal(statSync(join(testClusterHome(), "secrets.json")).mode & 0o077, 0);
});
