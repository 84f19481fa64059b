import { createReadStream, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { from as copyFrom } from "pg-copy-streams";
import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { exportRows, type Format } from "./export.ts";
import { addWideSet, names } from "./wide.fixture.ts";

interface Row {
  symbol: string;
  ts: string;
  known_from: string | null;
  values: (number | null)[];
}

const sameRow = (x: Row, y: Row) => x.symbol === y.symbol && x.ts === y.ts && x.known_from === y.known_from && x.values.every((value, i) => Object.is(value, y.values[i]));
const differing = (found: readonly Row[], expected: readonly Row[]) => expected.filter((row, i) => found[i] === undefined || !sameRow(row, found[i]));

t.test("a set as a file", async (t) => {
  const db = await testDatabase(t);
  // 60,000 rows with 17 columns are three row groups.
  await addWideSet(db, 30_000);
  const micro = (column: string) => `case when isfinite(${column}) then (extract(epoch from ${column}) * 1000000)::bigint::text end`;
  const expected = await db.query<Row & Record<string, unknown>>(
    `select symbol, ${micro("ts")} as ts, ${micro("known_from")} as known_from, values from feature.feature_vector join market.instrument using (instrument_id)
     order by instrument_id, feature_vector.ts`);
  t.equal(expected.length, 60_000);

  const folder = temporaryFolder(t);
  const file = (name: string) => join(folder, name);
  const progress = { total: 0, rows: 0 };
  const write = (format: Format, name: string, values: unknown[] = ["wide"], replace = false, signal = new AbortController().signal) => {
    Object.assign(progress, { total: 0, rows: 0 });
    return exportRows({
      url: db.url("reader"), query: { sql: `select feature.export_query(${values.map((_, i) => `$${i + 1}`).join(", ")})`, values }, format, path: file(name), replace, signal,
      onTotal: (rows) => (progress.total = rows), onRows: (rows) => (progress.rows += rows),
    });
  };

  t.equal(await write("parquet", "wide.parquet"), 60_000);
  t.same(progress, { total: 60_000, rows: 60_000 }, "with progress");
  const duck = await (await DuckDBInstance.create()).connect();
  const inParquet = async (path: string) =>
    (await duck.runAndReadAll(
      `select symbol, epoch_us(ts)::varchar, epoch_us(known_from)::varchar, ${names.join(", ")} from read_parquet('${path}', file_row_number = true) order by file_row_number`,
    )).getRows().map(([symbol, ts, known_from, ...values]) => ({ symbol, ts, known_from, values }) as Row);
  t.same(differing(await inParquet(file("wide.parquet")), expected), [], "DuckDB reads from Parquet what is in the database, bit for bit");
  const groups = await duck.runAndReadAll(`select count(distinct row_group_id)::int from parquet_metadata('${file("wide.parquet")}')`);
  t.same(groups.getRows(), [[3]], "in three row groups");
  t.same((await duck.runAndReadAll(`select column_name, column_type from (describe select * from read_parquet('${file("wide.parquet")}')) limit 4`)).getRows(),
    [["symbol", "VARCHAR"], ["ts", "TIMESTAMP WITH TIME ZONE"], ["known_from", "TIMESTAMP WITH TIME ZONE"], ["f1", "DOUBLE"]]);

  t.equal(await write("csv", "wide.csv"), 60_000);
  t.same(progress, { total: 60_000, rows: 60_000 });
  const [header, ...lines] = readFileSync(file("wide.csv"), "utf8").trimEnd().split("\n");
  t.equal(header, ["symbol", "ts", "known_from", ...names].join(","));
  const instant = (text = "") => {
    const [, second = "", fraction = "0"] = /^([^.]*?)(?:\.(\d+))?\+00$/.exec(text) ?? [];
    return text === "-infinity" ? null : String(BigInt(Date.parse(`${second.replace(" ", "T")}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0")));
  };
  const number = (text: string) => (text === "" ? null : Number(text));
  t.same(differing(lines.map((line) => {
    const [symbol = "", ts, known, ...values] = line.split(",");
    return { symbol, ts: instant(ts) ?? "", known_from: instant(known), values: values.map(number) };
  }), expected), [], "so does CSV");

  t.equal(await write("binary", "wide.copy"), 60_000);
  t.same(progress, { total: 60_000, rows: 60_000 });
  const client = await db.owner.connect();
  await client.query(`create temporary table loaded (symbol text, ts timestamptz, known_from timestamptz, ${names.map((name) => `${name} double precision`).join(", ")})`);
  await pipeline(createReadStream(file("wide.copy")), client.query(copyFrom("copy loaded from stdin (format binary)")));
  const query = await db.value<string>("select feature.export_query('wide')");
  t.same((await client.query(`select (select count(*)::int from loaded) as loaded, count(*)::int as differing from (select * from loaded except all (${query})) as more`)).rows, [{ loaded: 60_000, differing: 0 }], "COPY takes back what COPY gave");
  client.release(true);

  t.equal(await write("parquet", "then.parquet", ["wide", ["AAA"], "1990-01-02T00:12Z"]), 12, "what was known then");
  const then = await inParquet(file("then.parquet"));
  t.ok(then.every(({ symbol, values }, i) => symbol === "AAA" && values[0] === (i + 1) / 3), "in the revisions of then");
  t.equal(await write("parquet", "empty.parquet", ["wide", ["EMPTY"]]), 0);
  t.same(await inParquet(file("empty.parquet")), [], "no rows are a file, too");
  await t.rejects(write("csv", "none.csv", ["wide", null, null, "ffff"]), { code: "MB003" });
  await t.rejects(write("csv", "none.csv", ["wide", ["NOBODY"]]), { code: "MB002" });

  writeFileSync(file("kept.csv"), "older");
  await t.rejects(write("csv", "kept.csv"), { message: /exists already/, hint: /--force/ });
  t.equal(readFileSync(file("kept.csv"), "utf8"), "older", "a file that is there stays");
  t.equal(await write("csv", "kept.csv", ["wide", ["AAA"]], true), 30_000);
  t.match(readFileSync(file("kept.csv"), "utf8"), /^symbol,/, "unless it is to be replaced");
  await t.rejects(write("csv", join("no", "where.csv")), { message: /cannot be written/ });

  const stop = new AbortController();
  const stopped = exportRows({
    url: db.url("reader"), query: { sql: "select feature.export_query('wide')", values: [] }, format: "csv", path: file("none.csv"), replace: false,
    signal: stop.signal, onTotal: () => undefined, onRows: () => stop.abort(),
  });
  await t.rejects(stopped, { name: "AbortError" }, "it stops when it is told to");
  t.notOk(existsSync(file("none.csv")), "and leaves no file");
  t.same(readdirSync(folder).sort(), ["empty.parquet", "kept.csv", "then.parquet", "wide.copy", "wide.csv", "wide.parquet"], "nothing half-written is left");
});
