import t from "tap";
import type { UserError } from "../config/user-error.ts";
import { templateDatabase, useTestCluster } from "../testing/cluster.ts";
import { trialLayout } from "../testing/layout.ts";
import { workingDatabase } from "../testing/working-database.ts";
import { withConnection } from "./connect.ts";
import { createDatabase } from "./include.ts";
import { migrate } from "./migrate.ts";
import { withPrepareLock } from "./prepare.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

const cluster = await useTestCluster("migrate.test");
t.teardown(() => cluster.server.release());
await templateDatabase(cluster);

t.test("a migration that fails leaves nothing and says where; the database of a newer checkout is refused", async (t) => {
  const layout = trialLayout(t);
  const { urlFor, database } = workingDatabase(cluster, t);
  await createDatabase(urlFor, database, layout);
  layout.write("db/migrations/current/100-wrong.sql", "create table public.half ();\nselect 1 / 0;\n");
  const failure: unknown = await migrate(urlFor, layout, { current: true }).catch((error: unknown) => error);
  t.equal((failure as UserError).name, "UserError");
  t.match((failure as UserError).message, /^A migration failed.*: division by zero \(22012\)\.$/);
  t.match((failure as UserError).hint, /Nothing of this migration was kept/);
  t.equal(await withConnection(urlFor("migrator"), async (client) => (await client.query("select to_regclass('public.half') as half")).rows[0]?.half), null);

  await withConnection(urlFor("migrator"), (client) => client.query("insert into graphile_migrate.migrations (hash, filename) values ('sha1:later', '000009.sql')"));
  await t.rejects(migrate(urlFor, layout), { message: /has migrations that this checkout does not know: 000009\.sql/ });
});

t.test("several migrations at once wait for each other", async (t) => {
  const layout = trialLayout(t);
  const { urlFor, database } = workingDatabase(cluster, t);
  await createDatabase(urlFor, database, layout);
  layout.write("db/migrations/current/100-once.sql", "create schema once;\ncreate table once.only (n int);\ninsert into once.only values (1);\n");
  const all = await Promise.all(
    [1, 2, 3].map(() => withConnection(urlFor("admin"), (admin) => withPrepareLock(admin, () => migrate(urlFor, layout, { current: true })))),
  );
  t.same(all.map(({ length }) => length).sort(), [0, 0, 1], "one applied it, two found it applied");
  t.equal(await withConnection(urlFor("migrator"), async (client) => (await client.query("select n from once.only")).rowCount), 1);
});
