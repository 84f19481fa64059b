import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { addInstrument, landBody, startRun } from "../ml/fixture.ts";

interface Found extends Record<string, unknown> {
  document_id: string;
  symbol: string | null;
  title: string;
  headline: string;
  rank: number;
  similarity: number;
}

const ndjson = (items: readonly object[]) => items.map((item) => JSON.stringify(item)).join("\n");
const find = (db: TestDatabase, query: string, more: { asOf?: string; symbol?: string; limit?: number } = {}) =>
  db.query<Found>("select * from search.documents($1, $2, $3, $4)", [query, more.asOf ?? "2026-01-01", more.symbol ?? null, more.limit ?? 20], "reader");

t.test("the sample documents are found by their words, as of a moment", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  await addInstrument(db, "AAPL");
  await addInstrument(db, "^GSPC");
  const body = readFileSync(join(repositoryRoot, "db/samples/documents.ndjson"), "utf8");
  const raw = await landBody(db, run, "documents", body);
  const record = (id: string) => db.value<string>("select search.record_documents($1, $2)", [run, id], "worker");
  t.equal(await record(raw), String(body.trim().split("\n").length), "every line is a document");
  t.equal(await record(raw), "0", "again: nothing");
  t.equal(await db.value("select count(*)::int from search.document where sha256 <> encode(sha256(convert_to(title || e'\\n' || body, 'UTF8')), 'hex')"), 0);

  const [split, ...others] = await find(db, '"stock split"');
  t.match(split, { symbol: "AAPL", title: "Apple trades after its seven-for-one stock split" }, "the title counts more than the text");
  t.equal(others.length, 1, "and the annual report that mentions it comes second");
  t.match(others[0]?.headline, /\*\*stock\*\* \*\*split\*\*/, "the words are shown where they stand");
  t.equal((await find(db, '"stock split"', { asOf: "2014-06-09T13:29:59Z" })).length, 0, "before it was published it is not known");
  t.equal((await find(db, '"stock split"', { asOf: "2014-06-09T13:30:00Z" })).length, 1, "then it is");
  t.equal((await find(db, "annual report fiscal 2017", { asOf: "2017-11-04" })).length, 0, "a filing is known from the day after");
  t.ok((await find(db, "falling falls", { symbol: "^GSPC" })).every(({ symbol }) => symbol === "^GSPC"), "only about an instrument");
  t.ok((await find(db, "volatility")).length >= 1);
  t.same(await find(db, "dividend -bond"), [], "a word that must not be there");
  t.equal((await find(db, "split or pandemic")).length, 3, "one or the other");
  t.equal((await find(db, "apple", { limit: 2 })).length, 2, "a limit");
  t.equal((await find(db, "“seven-for-one” stock")).length, 2, "hyphens and typographic quotes");
  t.equal((await find(db, "the")).length, 0, "words that are everywhere are no words");
  const ranks = (await find(db, "apple iphone")).map(({ rank }) => rank);
  t.same(ranks, [...ranks].sort((x, y) => y - x), "best first");

  t.match(await db.refused("select search.documents('')"), { code: "MB001" });
  t.match(await db.refused("select search.documents('apple', now(), null, 100000)"), { code: "MB001" });
  t.match(await db.refused("select search.documents('apple', now(), 'NOBODY')"), { code: "MB002" });
  for (const hostile of ["'; drop table search.document; --", "$$", "%", "\\", "a & (b |", "<->", "🙂", "x".repeat(1000)]) t.same(await find(db, hostile), [], `${hostile.slice(0, 20)} finds nothing and breaks nothing`);
  t.match(await db.refused("select search.documents($1)", ["x".repeat(1_000_000)]), { code: "MB001" }, "a megabyte of question");
  t.match(await db.refused("delete from search.document"), { code: "MB006" }, "documents stay");
});

t.test("documents that cannot be right are refused, with all of their body", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  await addInstrument(db, "AAPL");
  const good = { title: "A title", body: "A text.", published_at: "2018-06-04T15:00:00Z" };
  const refused = async (body: string) => db.refused("select search.record_documents($1, $2)", [run, await landBody(db, run, "documents", body)], "worker");
  t.match(await refused(""), { code: "MB004", message: /empty/ });
  t.match(await refused("<html>"), { code: "MB004", message: /line 1 .*not a JSON object/ });
  t.match(await refused(ndjson([good, [1] as unknown as object])), { code: "MB004", message: /line 2/ });
  const wrong: [object, RegExp][] = [
    [{ title: "" }, /title is missing/], [{ body: null }, /body is missing/], [{ body: 5 }, /must be texts/], [{ published_at: undefined }, /published_at is missing/],
    [{ published_at: "2018-06-04" }, /published_at "2018-06-04" is not a time with its zone/], [{ published_at: "2099-01-01T00:00:00Z" }, /future/],
    [{ known_from: "2018-06-04T14:00:00Z" }, /known_from lies before/], [{ known_from: "soon" }, /known_from "soon"/],
    [{ source_url: "javascript:alert(1)" }, /source_url/], [{ language: "klingon" }, /language "klingon"/], [{ language: "'; drop" }, /language/],
  ];
  for (const [change, message] of wrong) t.match(await refused(ndjson([good, { ...good, ...change }])), { code: "MB004", message }, `${message}`);
  t.match(await refused(ndjson([{ ...good, symbol: "APPL" }])), { code: "MB002", hint: /AAPL/ }, "an unknown symbol");
  t.match(await refused(`{"title": "a\\u0000b", "body": "x", "published_at": "2018-06-04T15:00:00Z"}`), { code: "MB004" }, "a NUL");
  const words = Array.from({ length: 120_000 }, (_, i) => `word${i}`).join(" ");
  t.match(await refused(ndjson([{ ...good, body: words }])), { code: "MB004", message: /too long/ }, "a text beyond the limit of the index");
  t.equal(await db.value("select count(*)::int from search.document"), 0, "nothing was recorded");

  const twice = await landBody(db, run, "documents", ndjson([good, good, { ...good, title: "Ein Titel", body: "Die Häuser", language: "german" }]));
  t.equal(await db.value("select search.record_documents($1, $2)", [run, twice], "worker"), "2", "the same text twice is one document");
  t.equal((await find(db, "Haus")).length, 1, "stems follow the language of the document");
});

t.test("passages of real filings are found", async (t) => {
  const file = shared(t, "documents/sec_10k_10q_passages.ndjson");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const run = await startRun(db);
  const passages = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as { id: string; ticker: string; form: string; filed: string; text: string });
  for (const ticker of new Set(passages.map((passage) => passage.ticker))) await addInstrument(db, ticker);
  const raw = await landBody(db, run, "documents", ndjson(passages.map((passage) => ({ symbol: passage.ticker, title: `${passage.form} ${passage.id}`, body: passage.text, published_at: `${passage.filed}T12:00:00Z` }))));
  t.equal(await db.value("select search.record_documents($1, $2)", [run, raw], "worker"), String(passages.length));
  // Every passage that holds the phrase, by a plain reading of the texts, is found, and no other.
  for (const phrase of ["operating lease", "vision pro", "foreign currency", "company’s products"]) {
    const expected = passages.filter((passage) => new RegExp(`\\b${phrase}\\b`, "i").test(passage.text)).map((passage) => passage.id);
    const found = (await find(db, `"${phrase}"`, { limit: 1000 })).map(({ title }) => title.split(" ")[1] as string);
    t.ok(expected.length > 0 && expected.every((id) => found.includes(id)), `"${phrase}": all ${expected.length} passages are among the ${found.length} found`);
  }
});

t.test("the nearest embeddings are exactly the nearest", async (t) => {
  const file = shared(t, "documents/openai-ada002-101-docs.json");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const run = await startRun(db);
  const items = JSON.parse(readFileSync(file, "utf8")) as { Id: number; Name: string; Description: string; Embedding: number[] }[];
  const raw = await landBody(db, run, "documents", ndjson(items.map((item, i) => ({ title: `${item.Id} ${item.Name}`, body: item.Description, published_at: i < 100 ? "2020-01-01T00:00:00Z" : "2024-01-01T00:00:00Z" }))));
  await db.query("select search.record_documents($1, $2)", [run, raw], "worker");
  t.equal(
    await db.value("select count(*)::int from search.document join unnest($2::text[], $3::jsonb[]) as item (title, embedding) using (title) where search.store_embedding($1, document_id, 'text-embedding-ada-002', array(select value::real from jsonb_array_elements_text(item.embedding) as value))",
      [run, items.map((item) => `${item.Id} ${item.Name}`), items.map((item) => JSON.stringify(item.Embedding))], "worker"),
    items.length, "each embedding is new",
  );

  const single = items.map((item) => item.Embedding.map(Math.fround));
  const cosine = (a: number[], b: number[]) => {
    let ab = 0, aa = 0, bb = 0;
    a.forEach((value, i) => { ab += value * (b[i] as number); aa += value * value; bb += (b[i] as number) ** 2; });
    return ab / Math.sqrt(aa * bb);
  };
  const nearest = (embedding: number[], asOf: string, limit: number) => db.query<Found>("select * from search.nearest($1, 'text-embedding-ada-002', $2, null, $3)", [embedding, asOf, limit], "analyst");
  for (const probe of [0, 17, 50, 100]) {
    const expected = items.map((item, i) => ({ title: `${item.Id} ${item.Name}`, similarity: cosine(single[probe] as number[], single[i] as number[]) })).sort((x, y) => y.similarity - x.similarity).slice(0, 10);
    const found = await nearest(items[probe]?.Embedding as number[], "2026-01-01", 10);
    t.same(found.map(({ title }) => title), expected.map(({ title }) => title), `probe ${probe}: the ten nearest, in order`);
    t.ok(found.every(({ similarity }, i) => Math.abs(similarity - (expected[i]?.similarity as number)) < 1e-12), `probe ${probe}: with their similarity`);
    t.ok(Math.abs((found[0]?.similarity as number) - 1) < 1e-12, `probe ${probe}: itself first`);
  }
  t.notOk((await nearest(items[100]?.Embedding as number[], "2023-01-01", 101)).some(({ title }) => title.startsWith(`${items[100]?.Id} `)), "what is not known yet is not near");

  const id = await db.value<string>("select min(document_id) from search.document");
  const store = (embedding: unknown, model = "tiny", document: unknown = id, passage = 0) => db.value<boolean>("select search.store_embedding($1, $2, $3, $4, $5)", [run, document, model, embedding, passage], "worker");
  const refused = (embedding: unknown, model = "tiny", document: unknown = id, passage = 0) => db.refused("select search.store_embedding($1, $2, $3, $4, $5)", [run, document, model, embedding, passage], "worker");
  t.equal(await store([1, 0]), true);
  t.equal(await store([1, 0]), false, "the same one again");
  t.match(await refused([0, 1]), { code: "MB008" }, "another one under the same name");
  t.match(await refused([1, 0, 0], "tiny", id, 1), { code: "MB001", message: /2 dimensions, not 3/ });
  for (const bad of [[], [0, 0], [1, null], ["NaN", 1], null]) t.match(await refused(bad, "other"), { code: "MB001" }, `${bad}`);
  t.match(await refused([1, 0], "tiny", 0), { code: "MB001", message: /no document 0/ });
  t.match(await refused([1, 0], "tiny", id, -1), { code: "MB001" });
  t.match(await db.refused("select search.nearest(array[1, 0], 'nobody')"), { code: "MB003", hint: /text-embedding-ada-002, tiny/ });
  t.match(await db.refused("select search.nearest(array[1, 0, 0], 'tiny')"), { code: "MB001" });
  t.equal(await db.value("select search.cosine_similarity(array[3, 4], array[4, 3])", [], "reader"), 24 / 25, "3 4 and 4 3");
  t.equal(await db.value("select search.cosine_similarity(array[1, 2], array[1])"), null, "lengths that differ");
});
