import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { landFile } from "./csv.ts";
import { ingestAll } from "./normalise.ts";
import { reportOn } from "./report.ts";

const quiet = { signal: new AbortController().signal, onItem: async <T>(_item: unknown, work: () => Promise<T>) => await work() };

t.test("a large file is kept in pieces that end with a line, and read as one", async (t) => {
  const folder = t.testdir({});
  const path = join(folder, "Große Datei.csv");
  const rows = 60_000;
  const day = (n: number) => new Date(Date.UTC(2000, 0, 1) + (n % 6_000) * 86_400_000).toISOString().slice(0, 10);
  const text = `date,open,high,low,close,volume,symbol,remark\n${Array.from({ length: rows }, (_, n) => `${day(n)},10.25,11.5,9.75,${10 + (n % 100) / 100},${n},S${Math.floor(n / 6_000)},æøå ${n}\n`).join("")}`;
  writeFileSync(path, text);
  const db = await testDatabase(t);
  const bring = () => ingestAll(db.worker, {}, [{ subject: "file", parameters: {}, land: (runId) => landFile(db.worker, { runId, dataset: "bars", path }) }], quiet);
  const [result] = await bring();
  t.match(result?.outcome, { outcome: "normalised", rowCount: rows, acceptedCount: rows, newCount: rows, quarantinedCount: 0, isNew: true });
  const [stored] = await db.query<{ byte_count: number; sha256: string; body: null; url: string }>("select byte_count::int, sha256, body, url from ingest.raw_response");
  t.same(stored, { byte_count: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex"), body: null, url: "file:Gro%C3%9Fe%20Datei.csv" });
  const pieces = await db.query<{ body: Buffer }>("select body from ingest.raw_response_chunk order by chunk_no");
  t.ok(pieces.length >= 3);
  t.equal(Buffer.concat(pieces.map(({ body }) => body)).toString(), text, "the pieces together are the file");
  t.ok(pieces.every(({ body }) => body.at(-1) === 0x0a), "each ends with a line");
  t.match((await bring())[0]?.outcome, { isNew: false, newCount: 0 }, "a second import changes nothing");

  const packed = `${path}.gz`;
  writeFileSync(packed, gzipSync(text));
  const [unpacked] = await ingestAll(db.worker, {}, [{ subject: "gz", parameters: {}, land: (runId) => landFile(db.worker, { runId, dataset: "bars", path: packed }) }], quiet);
  t.match(unpacked?.outcome, { outcome: "normalised", rowCount: rows, newCount: 0, versionCount: 0 }, "packed it says the same");
});

t.test("a line says the same in a large file as in a small one, whatever is wrong with it", async (t) => {
  const odd = [
    "2024-01-03,10,11,9,abc,5,ODD", "2024-01-04,10,11,9,NaN,5,ODD", "2024-01-05,10,11,9,1e400,5,ODD", "2024-01-08,10,11,9,,5,ODD", "01/09/2024,10,11,9,10,5,ODD",
    "2024-02-30,10,11,9,10,5,ODD", "2024-01-10,10,11,9,10,ODD", "2024-01-11,10,11,9,10,5,ODD,7", "2024-01-12,10,9,11,10,5,ODD", "2024-01-17,10,11,9,0x1F,5,ODD",
    "20240118,10,11,9,10,5,ODD", "infinity,10,11,9,10,5,ODD", "2024-01-19,inf,11,9,10,5,ODD", '2024-01-23,10,11,9,10,5,"ODD"', "2024-01-24, 10 ,11,9,10,5, odd ",
    "2024-01-25,10,11,9,10,5,odd symbol", "2024-01-26,10,11,9,10,5,", "2024-01-29,10,11,9,10,5,\\N", "2024-01-30,10,11,9,10,5,(X", "2024-01-31,10,11,9,10,5,X)",
    "2024-02-02,10,11,9,10,5,{Z}", "2024-02-06 00:00,10,11,9,10,5,ODD", "2024-02-09,.5,1.,.25,.5,0,ODD", "", "2024-02-12,+10,11,9,10,5,ODD\r", "today,10,11,9,10,5,ODD",
  ];
  const header = "date,open,high,low,close,volume,symbol";
  const day = (n: number) => new Date(Date.UTC(2000, 0, 1) + n * 86_400_000).toISOString().slice(0, 10);
  // Enough good lines for each odd one to be read beside good ones, and a piece in which each is alone with them.
  const good = Array.from({ length: 30_000 }, (_, n) => `${day(n % 6_000)},10,11,9,10.5,${n},GOOD${Math.floor(n / 6_000)}`);
  const folder = t.testdir({});
  const db = await testDatabase(t);
  const bring = async (name: string, lines: readonly string[]) => {
    const path = join(folder, name);
    writeFileSync(path, [header, ...lines].join("\n"));
    const [result] = await ingestAll(db.worker, {}, [{ subject: name, parameters: {}, land: (runId) => landFile(db.worker, { runId, dataset: "bars", path }) }], quiet);
    const id = result?.outcome.rawResponseId;
    const accepted = (result?.outcome.acceptedCount ?? 0) - lines.filter((line) => line.includes(",GOOD")).length;
    const bars = await db.query("select symbol, ts, open, high, low, close, volume from market.price_data join market.instrument using (instrument_id) where symbol !~ '^GOOD' order by symbol, ts");
    const refused = await db.query("select symbol, ts, rules, reason, payload from ingest.quarantine where raw_response_id = $1 order by row_no", [id]);
    return { accepted, bars, refused };
  };
  const small = await bring("small.csv", odd);
  t.ok(small.accepted === small.bars.length && small.accepted > 3 && small.refused.length > 15);
  const isStreamed = () => db.value<number>("select count(*)::int from ingest.raw_response_chunk");
  t.equal(await isStreamed(), 0);
  t.same(await bring("together.csv", [...good, ...odd]), small, "all together at the end of a large file");
  t.ok((await isStreamed()) >= 2);
  const spread = good.flatMap((line, n) => (n % 1_000 === 999 && n < odd.length * 1_000 ? [line, odd[Math.floor(n / 1_000)] ?? ""] : [line]));
  t.same(await bring("spread.csv", spread), small, "spread over a large file");
  const valued = odd.filter((line) => /^2024-01-(04|08|19|25)|^infinity/.test(line));
  const alone = await bring("alone.csv", [...good, ...valued]);
  t.equal(alone.accepted, 0);
  t.same(alone.refused, small.refused.filter(({ payload }) => valued.includes((payload as { line?: string }).line ?? "")), "what is a row of numbers, but of none that a bar can have");
});

t.test("rows in quarantine are told with their reasons, exit status 3", async (t) => {
  const path = join(t.testdir({ "bars.csv": "Date,Open,High,Low,Close,Volume\n2024-01-02,10,11,9,10,5\n2024-01-03,10,9,11,10,5\n2024-01-04,10,11,9,x,5\n" }), "bars.csv");
  const db = await testDatabase(t);
  const results = await ingestAll(db.worker, {}, [{ subject: "bars.csv", parameters: {}, land: (runId) => landFile(db.worker, { runId, dataset: "bars", path, about: { key: "symbol", value: "TEST" } }) }], quiet);
  const report = await reportOn(db.worker, results);
  t.equal(report.exitCode, 3);
  t.match(report.text, /2 +TEST +2024-01-03 +High 9 is below low 11/);
  t.match(report.text, /3 +TEST +2024-01-04 +close "x" is not a number/);
  t.same(await db.query("select subject, url from ingest.raw_response"), [{ subject: "TEST", url: "file:bars.csv?symbol=TEST" }]);
});

t.test("what is no file, damaged or one endless line is refused, and nothing is stored", async (t) => {
  const folder = t.testdir({ sub: {} });
  const damaged = join(folder, "damaged.csv.gz");
  writeFileSync(damaged, gzipSync("date,open\n".repeat(1_000)).subarray(0, 40));
  const endless = join(folder, "endless.csv");
  writeFileSync(endless, "x".repeat(10 * 1024 * 1024));
  const db = await testDatabase(t);
  const runId = await db.value<string>("select pipeline.start_run('ingest', 'fetch')::text", [], "worker");
  const land = (path: string) => landFile(db.worker, { runId, dataset: "bars", path });
  await t.rejects(land(join(folder, "none.csv")), { message: /There is no file/, exitCode: 2 });
  await t.rejects(land(join(folder, "sub")), { message: /is not a file/, exitCode: 2 });
  await t.rejects(land(damaged), { message: /cannot be unpacked/, exitCode: 1 });
  await t.rejects(land(endless), { message: /a line of more than 8 MB/, exitCode: 1 });
  t.equal(await db.value<number>("select count(*)::int from ingest.raw_response"), 0);
});
