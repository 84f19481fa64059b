import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { processState } from "../../embedded/process.ts";
import { embeddedStatus } from "../../embedded/server.ts";
import { ask } from "../../testing/ask.ts";
import { runCli } from "../../testing/cli.ts";
import { temporaryFolder } from "../../testing/folder.ts";

t.setTimeout(240_000);

t.test("start, url, doctor, reset, stop", async (t) => {
  const home = join(temporaryFolder(t), "home");
  // Committed migrations only: finding an order for edited functions is tested elsewhere.
  const env = { MARKETBASE_HOME: home, GRAPHILE_ENV: "production" };
  t.teardown(() => runCli(["db", "stop", "--force"], env));

  const before = await runCli(["doctor", "--json"], env);
  t.equal(before.status, 0, "an installation that has not been used has nothing wrong");
  t.match(JSON.parse(before.stdout).facts, [{ section: "runtime", name: "node", value: process.versions.node }]);
  t.match(before.stdout, /not made yet/);
  t.notOk(existsSync(home), "doctor makes nothing");

  const started = await runCli(["db", "start", "--json"], env);
  t.equal(started.status, 0, started.stderr);
  const { pid, port } = JSON.parse(started.stdout) as { pid: number; port: number };
  t.equal(processState(pid), "running", "the server stays when the command has returned");

  const url = await runCli(["db", "url"], env);
  t.equal(url.status, 0);
  t.match(url.stdout, /^postgres:\/\/marketbase_authenticator:\S+@127\.0\.0\.1:\d+\/marketbase\?options=-c%20role%3Dmarketbase_analyst\S*\n$/, "the URL alone");
  t.equal(await ask(url.stdout.trim(), "select current_user::text"), "marketbase_analyst");
  t.equal(embeddedStatus(home).pid, pid, "the same server");
  const migrator = (await runCli(["db", "url", "--role", "migrator"], env)).stdout.trim();
  t.equal(await ask(migrator, "select current_user::text"), "marketbase_owner");
  t.match(await runCli(["db", "url", "--role", "boss"], env), { status: 2, stdout: "", stderr: /--role is one of/ });

  const doctor = await runCli(["doctor"], env);
  t.equal(doctor.status, 0, doctor.stdout);
  t.match(doctor.stdout, new RegExp(`running on 127\\.0\\.0\\.1:${port} \\(process ${pid}\\)`));
  t.match(doctor.stdout, /PostgreSQL 18\./);
  t.match(doctor.stdout, /Nothing is wrong\.\n$/);

  await ask(migrator, "create table public.lost as select 1 as n");
  t.match(await runCli(["db", "reset"], env), { status: 2, stderr: /deletes everything/ });
  t.equal(await ask(migrator, "select n from public.lost"), 1, "without --yes nothing is deleted");
  t.match(await runCli(["db", "reset", "--yes"], env), { status: 0, stdout: "The database is new and empty\n" });
  t.equal(await ask(migrator, "select to_regclass('public.lost')"), null);
  t.equal(processState(pid), "running", "the server that was running runs on");

  t.match(await runCli(["db", "stop"], env), { status: 0, stdout: "PostgreSQL is stopped\n" });
  t.not(processState(pid), "running");
  t.match(await runCli(["db", "stop"], env), { status: 0, stdout: "PostgreSQL was not running\n" });
});
