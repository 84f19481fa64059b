import { chmodSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { embeddedStatus } from "../../embedded/server.ts";
import { ask } from "../../testing/ask.ts";
import { runCli } from "../../testing/cli.ts";
import { temporaryFolder } from "../../testing/folder.ts";

t.setTimeout(240_000);

t.test("doctor finds what is wrong, says what to do, and ends with status 3", async (t) => {
  const home = join(temporaryFolder(t), "home");
  // Committed migrations only: finding an order for edited functions is tested elsewhere.
  const env = { MARKETBASE_HOME: home, GRAPHILE_ENV: "production" };
  t.teardown(() => runCli(["db", "stop", "--force"], env));
  const admin = (await runCli(["db", "url", "--role", "admin"], env)).stdout.trim();
  const worker = (await runCli(["db", "url", "--role", "worker"], env)).stdout.trim();
  await ask(worker, "select from graphile_worker.add_job('poison')");
  await ask(admin, "update graphile_worker._private_jobs set attempts = max_attempts, last_error = E'it broke\\nat line 1'");
  await ask(admin, "alter role marketbase_worker superuser");
  await ask(admin, "alter role marketbase_authenticator reset statement_timeout");
  chmodSync(embeddedStatus(home).secrets, 0o644);
  const { status, stdout } = await runCli(["doctor", "--json"], { ...env, REDIS_URL: "redis://127.0.0.1:1/0" });
  t.equal(status, 3);
  const { findings } = JSON.parse(stdout) as { findings: { problem: string; remedy: string }[] };
  const problems = findings.map(({ problem }) => problem);
  t.match(problems.find((text) => text.includes("marketbase_worker has powers")), /superuser/);
  t.ok(problems.some((text) => /marketbase_authenticator lacks time limits/.test(text)));
  t.ok(problems.some((text) => /1 jobs have failed for good, the last ones: poison: it broke\.$/.test(text)), problems.join("\n"));
  t.ok(problems.some((text) => /^Others may read the file of passwords /.test(text)));
  t.ok(problems.some((text) => /^Redis at 127\.0\.0\.1:1 does not answer/.test(text)));
  for (const { remedy } of findings) t.ok(remedy.length > 5);
});

t.test("doctor works where the server of DATABASE_URL is down", async (t) => {
  const { status, stdout } = await runCli(["doctor"], { DATABASE_URL: "postgres://me:secret@127.0.0.1:1/db" });
  t.equal(status, 3);
  t.match(stdout, /DATABASE_URL: me@127\.0\.0\.1:1\/db/);
  t.match(stdout, /No PostgreSQL answers at 127\.0\.0\.1:1\./);
  t.notMatch(stdout, /secret/);
});
