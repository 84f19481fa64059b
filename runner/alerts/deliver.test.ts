import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { testDatabase, type TestDatabase } from "../../db/tests/support/database.ts";
import { inTurn, keepsSilent, limits, redirects, resets, sends, type Answer } from "../testing/provider-server.ts";
import { startReplayServer } from "../testing/replay-server.ts";
import { deliverDue, keepDelivering } from "./deliver.ts";

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface State {
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
}

/** A receiver that keeps what it is sent and answers as told. */
async function receiver(test: { teardown(action: () => Promise<void>): unknown }, answer: Answer) {
  const posted: Posted[] = [];
  const server = await startReplayServer((request, response) => {
    void text(request).then((body) => {
      posted.push({ headers: request.headers, body });
      answer(request, response);
    });
  });
  test.teardown(() => server.close());
  return { url: server.url, posted };
}

/** Adds a destination, as the worker does. */
async function add(db: TestDatabase, name: string, url: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const given: Readonly<Record<string, unknown>> = { name, url, is_internal: true, ...more };
  const names = Object.keys(given);
  await db.query(`select pipeline.add_destination(${names.map((one, i) => `p_${one} => $${i + 1}`).join(", ")})`, Object.values(given), "worker");
}

const queue = (db: TestDatabase, subject: string) => db.value<string>(`select pipeline.queue_event('gate', $1, 'critical', '{"step": "train"}')`, [subject], "worker");

const stateOf = async (db: TestDatabase, destination: string) =>
  (await db.query<State & { subject: string }>(
    `select event.subject, case when delivered_at is not null then 'delivered' when dead_at is not null then 'dead' else 'waiting' end as state, attempts, last_error as error
     from pipeline.outbox_delivery join pipeline.outbox_event as event using (event_id) where destination = $1 order by position`,
    [destination],
  ));

/** As if the time of the next attempt had come. */
const passTime = (db: TestDatabase) => db.query("update pipeline.outbox_delivery set next_attempt_at = clock_timestamp(), claimed_until = null where delivered_at is null");

/** For how long the first waiting event is put off, in seconds. */
const waitOf = (db: TestDatabase, destination: string) =>
  db.value<number>("select extract(epoch from next_attempt_at - clock_timestamp())::float8 from pipeline.outbox_status where destination = $1", [destination]);

t.test("an event is delivered once, in order, signed, under its own key", async (t) => {
  const db = await testDatabase(t);
  const { url, posted } = await receiver(t, sends("taken", 202));
  await add(db, "hook", url, { secret_variable: "MARKETBASE_ALERT_KEY" });
  const first = await queue(db, "first");
  t.equal(await queue(db, "first"), first, "the same event is the same row");
  await queue(db, "second");
  t.same(await db.value("select count(*)::int from pipeline.outbox_event"), 2);
  const secret = "whsec_" + Buffer.from("a key that nobody guesses").toString("base64");
  t.equal(await deliverDue(db.worker, { MARKETBASE_ALERT_KEY: secret }), 2);
  t.equal(await deliverDue(db.worker, { MARKETBASE_ALERT_KEY: secret }), 0, "and nothing is sent twice");
  t.same(posted.map(({ body }) => (JSON.parse(body) as { subject: string }).subject), ["first", "second"]);
  const [{ headers, body }] = posted as [Posted];
  t.match(headers, { "content-type": "application/json", "idempotency-key": first, "webhook-id": first, "content-length": String(Buffer.byteLength(body)) });
  t.match(JSON.parse(body), { id: first, type: "gate", severity: "critical", timestamp: /^\d{4}-\d\d-\d\dT.*Z$/, data: { step: "train" } });
  const timestamp = String(headers["webhook-timestamp"]);
  t.ok(Math.abs(Number(timestamp) - Date.now() / 1_000) < 60, "the time is now");
  t.equal(headers["webhook-signature"], `v1,${createHmac("sha256", "a key that nobody guesses").update(`${first}.${timestamp}.${body}`).digest("base64")}`);
  t.notOk(JSON.stringify(await db.query("select * from pipeline.alert_destination, pipeline.outbox_event")).includes(secret), "the database never sees the secret");
  await db.query("begin; select pipeline.queue_event('gate', 'undone', 'critical', '{}'); rollback", undefined, "worker");
  t.equal(await deliverDue(db.worker, {}), 0, "what is rolled back is not told");
});

t.test("what fails is sent again, until it is taken or given up", async (t) => {
  const db = await testDatabase(t);
  const behaviour: Readonly<Record<string, readonly [Answer, ...Answer[]]>> = {
    failing: [sends("no", 500), sends("yes")], limiting: [limits("120"), sends("yes")], resetting: [resets, sends("yes")], silent: [keepsSilent],
    refusing: [sends("gone", 410)], moving: [redirects("http://127.0.0.1:1/")], endless: [sends("no", 503)],
  };
  for (const [name, answers] of Object.entries(behaviour)) {
    const { url } = await receiver(t, inTurn(...answers));
    await add(db, name, url, { max_attempts: name === "endless" ? 2 : 12 });
  }
  await add(db, "private", "https://127.0.0.1:9/", { is_internal: false });
  await add(db, "unset", "http://127.0.0.1:9/", { secret_variable: "MARKETBASE_ALERT_NONE" });
  await queue(db, "one");
  const silence = deliverDue(db.worker, {}, "silent");
  for (let turn = 0; turn < 100 && (await stateOf(db, "silent"))[0]?.attempts !== 1; turn++) await sleep(20);
  await db.query("select pipeline.change_destination('silent', 'pause')", [], "worker");
  await deliverDue(db.worker, {});
  for (const [name, state, error] of [
    ["failing", "waiting", /status 500/], ["limiting", "waiting", /status 429/], ["resetting", "waiting", /cannot be reached: the connection broke off/],
    ["refusing", "dead", /status 410/], ["moving", "dead", /status 302/], ["endless", "waiting", /status 503/],
    ["private", "dead", /not a public address/], ["unset", "waiting", /MARKETBASE_ALERT_NONE is not set/],
  ] as const) t.match(await stateOf(db, name), [{ state, attempts: 1, error }], name);
  const wait = await waitOf(db, "failing");
  t.ok(wait > 0 && wait <= 10, `a failure waits up to 10 seconds: ${wait}`);
  const asked = await waitOf(db, "limiting");
  t.ok(asked > 100 && asked <= 132, `a limit as long as Retry-After says: ${asked}`);
  t.equal(await deliverDue(db.worker, {}), 0, "nothing is sent before its time");
  await queue(db, "two");
  t.equal(await deliverDue(db.worker, {}, "failing"), 0, "what comes later waits behind it");
  await silence;
  t.match(await stateOf(db, "silent"), [{ state: "waiting", attempts: 1, error: /did not finish its answer in time/ }], "who does not answer is not waited for");
  await passTime(db);
  await deliverDue(db.worker, {});
  for (const name of ["failing", "limiting", "resetting"]) t.match(await stateOf(db, name), [{ subject: "one", state: "delivered", attempts: 2 }, { subject: "two", state: "delivered", attempts: 1 }], name);
  t.match(await stateOf(db, "endless"), [{ state: "dead", attempts: 2, error: /status 503/ }, { state: "waiting" }], "given up after as many attempts as it has");
  t.match(await db.query("select waiting::int, delivered::int, dead::int from pipeline.outbox_status where destination = 'failing'", [], "auditor"), [{ waiting: 0, delivered: 2, dead: 0 }]);
  t.equal(await db.value("select pipeline.retry_deliveries('refusing')", [], "worker"), 2);
  t.match(await stateOf(db, "refusing"), [{ state: "waiting", attempts: 0 }, { state: "waiting", attempts: 0 }]);
  t.equal((await db.refused("select pipeline.retry_deliveries('nobody')", [], "worker")).code, "MB002");
  t.equal((await db.refused("select * from pipeline.alert_destination", [], "reader")).code, "42501", "addresses are not for readers");
});

t.test("a worker that is killed between the post and its mark: the next one sends the same key", async (t) => {
  const db = await testDatabase(t);
  const { url, posted } = await receiver(t, inTurn(keepsSilent, sends("yes")));
  await add(db, "hook", url);
  const event = await queue(db, "one");
  const child = spawn(process.execPath, [join(import.meta.dirname, "worker.fixture.ts"), db.url("worker")], { stdio: "inherit" });
  const gone = once(child, "exit");
  for (let turn = 0; turn < 600 && posted.length === 0; turn++) await sleep(20);
  child.kill("SIGKILL");
  await gone;
  t.equal(await deliverDue(db.worker, {}), 0, "it was in the hands of the one that is gone");
  await passTime(db);
  const delivering = keepDelivering(db.worker, {}, (message) => t.fail(message));
  for (let turn = 0; turn < 300 && posted.length < 2; turn++) await sleep(20);
  await delivering.stop();
  t.same(posted.map(({ headers }) => headers["idempotency-key"]), [event, event]);
  t.equal(posted[0]?.body, posted[1]?.body, "byte for byte");
  t.match(await stateOf(db, "hook"), [{ state: "delivered", attempts: 2 }]);
  t.equal(await db.value("select pipeline.settle_delivery($1, 'hook', 1, 'late')", [event], "worker"), null, "a late attempt settles nothing");
});

t.test("two workers at once send an event once", async (t) => {
  const db = await testDatabase(t);
  const { url, posted } = await receiver(t, sends("yes"));
  await add(db, "hook", url);
  for (let i = 0; i < 20; i++) await queue(db, `event ${i}`);
  await Promise.all([1, 2, 3, 4].map(() => deliverDue(db.worker, {})));
  await deliverDue(db.worker, {});
  t.same(posted.map(({ body }) => (JSON.parse(body) as { subject: string }).subject), Array.from({ length: 20 }, (_, i) => `event ${i}`));
});
