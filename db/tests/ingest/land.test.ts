import { createHash } from "node:crypto";
import t from "tap";
import { testDatabase } from "../support/database.ts";
import { land, openRun } from "./bodies.ts";

t.test("a body is stored byte for byte, and again only when it differs from the one before", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const request = { provider: "yahoo", dataset: "bars", subject: "AAPL" };
  const right = Buffer.from([0xff, 0x00, 0x0a, 0x41]);
  const first = await land(db, run, { ...request, body: right });
  const again = await land(db, run, { ...request, body: right });
  t.same([first.is_new, again.is_new, again.id], [true, false, first.id], "the same body is there already");
  const corrected = await land(db, run, { ...request, body: "wrong" });
  const reverted = await land(db, run, { ...request, body: right });
  const repeated = await land(db, run, { ...request, body: "wrong" });
  t.same([corrected.is_new, reverted.is_new, repeated.is_new], [true, true, true], "corrected, reverted and repeated are three more");
  const otherStatus = await land(db, run, { ...request, body: "wrong", status: 404 });
  const otherUrl = await land(db, run, { ...request, body: "wrong", url: "https://provider.example/elsewhere" });
  t.same([otherStatus.is_new, otherUrl.is_new], [true, true], "another status or address is another response");
  const [stored] = await db.query("select body, byte_count::int, sha256 from ingest.raw_response where raw_response_id = $1", [first.id]);
  t.same(stored, { body: right, byte_count: 4, sha256: createHash("sha256").update(right).digest("hex") });
  const refusal = await db.refused("update ingest.raw_response set subject = 'X' where raw_response_id = $1", [first.id]);
  t.equal(refusal.code, "MB006", "nobody changes a body");
});

t.test("F20: two fetches of one subject at once store one body", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const landed = await Promise.all([1, 2, 3, 4].map(() => land(db, run, { provider: "yahoo", dataset: "bars", subject: "AAPL", body: "{}" })));
  t.equal(landed.filter(({ is_new }) => is_new).length, 1);
  t.equal(new Set(landed.map(({ id }) => id)).size, 1);
});

t.test("keys and cookies do not get in", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const canary = "c4n4ry";
  await land(db, run, {
    provider: "yahoo",
    dataset: "bars",
    subject: "AAPL",
    url: `https://user:${canary}@provider.example/q?symbol=AAPL&apikey=${canary}&access_token=${canary}&X-Signature=${canary}&crumb=${canary}&to=2024#token=${canary}`,
    headers: { "Set-Cookie": [`a=${canary}`], Authorization: canary, "X-Api-Key": canary, "X-Auth-Token": canary, "Content-Type": "text/plain" },
    body: "x",
  });
  const [row] = await db.query<{ url: string; headers: object }>("select url, headers from ingest.raw_response");
  t.equal(row?.url, "https://provider.example/q?symbol=AAPL&apikey=REDACTED&access_token=REDACTED&X-Signature=REDACTED&crumb=REDACTED&to=2024#token=REDACTED");
  t.same(row?.headers, { "content-type": "text/plain" });
  t.equal(await db.value<number>("select count(*)::int from ingest.raw_response response where response::text like $1", [`%${canary}%`]), 0, "the canary is nowhere");
});

t.test("a provider that is not known is refused by name", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const refusal = await db.refused("select ingest.land($1, 'nobody', 'bars', 'X', 'https://x', 'GET', 200, '{}', null, 'x', now())", [run]);
  t.equal(refusal.code, "MB001");
  t.match(refusal.message, /nobody/);
  t.match(refusal.hint, /yahoo/);
});
