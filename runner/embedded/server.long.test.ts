import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import pg from "pg";
import t from "tap";
import { UserError } from "../config/user-error.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { askServer, otherProcess } from "../testing/server.ts";
import { processState } from "./process.ts";
import { embeddedStatus, stopEmbeddedServer, testSettings, useEmbeddedServer, type EmbeddedServer } from "./server.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

function use(home: string, extra: { keepRunning?: boolean } = {}): Promise<EmbeddedServer> {
  return useEmbeddedServer({ home, settings: testSettings, what: "test", ...extra });
}

t.test("boot, work, stop, boot again: same data, same port, nothing left running", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const first = await use(home);
  t.equal(first.adopted, false);
  t.match(await askServer(first, "select current_setting('server_version')"), /^18\./);
  t.equal(await askServer(first, "select datlocprovider::text || ' ' || datlocale from pg_database where datname = 'postgres'"), "b C.UTF-8");
  t.equal(await askServer(first, "show timezone"), "UTC");
  await askServer(first, "create table kept as select 42 as n");
  await first.release();
  t.not(processState(first.pid), "running");
  t.equal(embeddedStatus(home).pid, undefined);
  const second = await use(home);
  t.equal(second.port, first.port, "the port is remembered");
  t.equal(await askServer(second, "select n from kept"), 42);
  await second.release();
  await second.release();
  t.not(processState(second.pid), "running", "releasing twice is harmless");
});

t.test("S13: scram, a random password in a 0600 file, loopback only", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const server = await use(home);
  t.teardown(() => server.release());
  const { secrets, folder } = embeddedStatus(home);
  t.equal(statSync(secrets).mode & 0o777, 0o600);
  t.equal(statSync(join(folder, "data")).mode & 0o777, 0o700);
  const passwords = Object.values(server.secrets);
  t.equal(new Set(passwords).size, 4);
  for (const password of passwords) t.ok(password.length >= 32);
  t.match(readFileSync(join(folder, "data/pg_hba.conf"), "utf8").split("\n").filter((line) => /^(local|host)/.test(line)).join("\n"), /^((local|host).*scram-sha-256\n?)+$/);
  t.match(await askServer(server, "select rolpassword from pg_authid where rolname = 'postgres'"), /^SCRAM-SHA-256\$/);
  t.equal(await askServer(server, "show listen_addresses"), "127.0.0.1");
  t.equal(await askServer(server, "show unix_socket_directories"), "");
  await t.rejects(askServer({ ...server, secrets: { ...server.secrets, superuser: "wrong" } }, "select 1"), { code: "28P01" });
  const outside = Object.values(networkInterfaces()).flat().find((address) => address !== undefined && address.family === "IPv4" && !address.internal);
  if (outside !== undefined) {
    const client = new pg.Client({ host: outside.address, port: server.port, user: "postgres", password: server.secrets.superuser, connectionTimeoutMillis: 2_000 });
    await t.rejects(client.connect(), "not reachable from outside");
  }
});

t.test("a second process adopts the server, and the last user stops it", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const mine = await use(home);
  const { child, said } = await otherProcess(home);
  t.same(said, { pid: mine.pid, port: mine.port, adopted: true });
  t.equal(embeddedStatus(home).users.length, 2);
  await t.rejects(stopEmbeddedServer(home), { message: /in use by fixture \(process \d+\)/ });
  await mine.release();
  t.equal(processState(mine.pid), "running", "the other still uses it");
  child.stdin?.end();
  await once(child, "exit");
  t.not(processState(mine.pid), "running");
});

t.test("keepRunning leaves the server until it is stopped", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const server = await use(home, { keepRunning: true });
  await server.release();
  t.equal(processState(server.pid), "running");
  t.equal(embeddedStatus(home).keepRunning, true);
  t.equal(await stopEmbeddedServer(home), true);
  t.not(processState(server.pid), "running");
  t.equal(await stopEmbeddedServer(home), false, "nothing more to stop");
  t.equal(await stopEmbeddedServer(join(home, "nowhere")), false);
});

t.test("stopping cuts a connection that does not leave", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const server = await use(home);
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", password: server.secrets.superuser, database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  const asleep = t.rejects(client.query("select pg_sleep(60)"));
  const begun = performance.now();
  await server.release();
  await asleep;
  t.not(processState(server.pid), "running");
  t.ok(performance.now() - begun < 8_000, "SIGINT followed SIGTERM");
});

t.test("another program on the remembered port: the server takes another one", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const first = await use(home);
  await first.release();
  const squatter = createServer().listen(first.port, "127.0.0.1");
  await once(squatter, "listening");
  t.teardown(() => squatter.close());
  const second = await use(home);
  t.not(second.port, first.port);
  t.equal(await askServer(second, "select 1"), 1);
  await second.release();
});

t.test("data of another major version, foreign files, lost passwords: one sentence each", async (t) => {
  const folder = temporaryFolder(t);
  const old = join(folder, "old");
  mkdirSync(join(old, "data"), { recursive: true, mode: 0o700 });
  writeFileSync(join(old, "data/PG_VERSION"), "17\n");
  await t.rejects(use(old), { name: "UserError", message: /was made by PostgreSQL 17, and this marketbase runs PostgreSQL 18/ });
  t.ok(existsSync(join(old, "data/PG_VERSION")), "nothing was touched");

  const foreign = join(folder, "foreign");
  mkdirSync(join(foreign, "data"), { recursive: true, mode: 0o700 });
  writeFileSync(join(foreign, "data/thesis.txt"), "mine");
  await t.rejects(use(foreign), { message: /is not empty and holds no PostgreSQL data/ });

  const lost = join(folder, "lost");
  mkdirSync(join(lost, "data"), { recursive: true, mode: 0o700 });
  writeFileSync(join(lost, "data/PG_VERSION"), "18\n");
  await t.rejects(use(lost), { message: /file of passwords .* is missing/ });
});

t.test("a server that does not start says why", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const failing = useEmbeddedServer({ home, settings: { ...testSettings, shared_buffers: "nonsense" } });
  await t.rejects(failing, { message: /PostgreSQL did not start: .*shared_buffers/ });
  try {
    await failing;
  } catch (error) {
    t.match((error as UserError).hint, /log is .*postgres\.log/);
  }
});
