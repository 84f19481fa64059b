import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import pg from "pg";
import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import type { UserError } from "../config/user-error.ts";
import { connect, requireVersion, withConnection } from "./connect.ts";

/** The error of a connection that must not come about. */
async function refusal(url: string): Promise<UserError> {
  try {
    await (await connect(url)).end();
  } catch (error) {
    return error as UserError;
  }
  throw new Error(`connected to ${url}`);
}

t.test("each way of not connecting has a sentence of its own and what to do, without the password", async (t) => {
  const db = await testDatabase(t);
  const good = new URL(db.url("worker"));
  const change = (edit: (url: URL) => void) => {
    const url = new URL(good);
    edit(url);
    return url.href;
  };
  const silent = createServer((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.teardown(() => silent.close());
  const closing = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(closing, "listening");
  t.teardown(() => closing.close());
  const portOf = (server: typeof silent) => String((server.address() as AddressInfo).port);

  const cases: [string, string, RegExp][] = [
    ["nobody listens", change((url) => (url.port = "1")), /^No PostgreSQL answers at 127\.0\.0\.1:1\.$/],
    ["unknown host", change((url) => (url.hostname = "no-such-host.invalid")), /^The host no-such-host\.invalid of DATABASE_URL is not known\.$/],
    ["wrong password", change((url) => (url.password = "hunter2")), /^PostgreSQL at 127\.0\.0\.1:\d+ refuses the password of marketbase_worker\.$/],
    ["no password", change((url) => (url.password = "")), /asks marketbase_worker for a password|refuses the password of marketbase_worker/],
    ["unknown user", change((url) => ((url.username = "nobody_here"), (url.password = "x"))), /refuses the password of nobody_here/],
    ["unknown database", change((url) => (url.pathname = "/nowhere")), /^The database nowhere does not exist at 127\.0\.0\.1:\d+\.$/],
    ["not PostgreSQL", change((url) => (url.port = portOf(silent))), /may not be a PostgreSQL|cannot be used/],
    ["closes at once", change((url) => (url.port = portOf(closing))), /^What answers at 127\.0\.0\.1:\d+ closed the connection; it may not be a PostgreSQL\.$/],
  ];
  for (const [what, url, message] of cases) {
    const error = await refusal(url);
    t.equal(error.name, "UserError", what);
    t.match(error.message, message, what);
    t.equal(error.exitCode, 1, what);
    t.ok(error.hint !== undefined && error.hint.length > 10, `${what}: says what to do`);
    t.notMatch(`${error.message} ${error.hint}`, /hunter2/);
  }
});

t.test("a server older than 18 is refused by name", async (t) => {
  // No older server is at hand: only the two settings that are asked for are answered differently.
  const old = { query: async () => ({ rows: [{ number: 170_006, name: "17.6" }] }) } as unknown as pg.ClientBase;
  await t.rejects(requireVersion(old), { name: "UserError", message: /is PostgreSQL 17\.6; marketbase needs 18 or newer/, exitCode: 1 });
  const db = await testDatabase(t);
  await withConnection(db.url("reader"), (client) => requireVersion(client));
});

t.test("a login without a free connection: try again", async (t) => {
  const db = await testDatabase(t);
  const admin = db.pool("admin");
  await admin.query("create role trial_crowded login password 'crowded' connection limit 1");
  await admin.query(`grant connect on database ${pg.escapeIdentifier(db.name)} to trial_crowded`);
  t.teardown(() => admin.query("drop owned by trial_crowded; drop role trial_crowded"));
  const url = new URL(db.url("worker"));
  url.username = "trial_crowded";
  url.password = "crowded";
  const held = await connect(url.href);
  const error = await refusal(url.href);
  await held.end();
  t.equal(error.exitCode, 75);
  t.match(error.message, /has no connection left/);
});
