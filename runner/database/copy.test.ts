import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { copyRows } from "./copy.ts";
import { transaction } from "./transaction.ts";

t.test("rows go in and come back as they were, whatever is in them", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.everything (n int, f float8, s text, b bytea, at timestamptz, list float8[], words text[], doc jsonb, yes boolean)");
  const at = new Date("2024-02-29T12:34:56.789Z");
  const nasty = "tab\t newline\n return\r backslash \\ \\N quote ' \" € 😀 {a,b}";
  const given = [
    [1, 0.1 + 0.2, nasty, Buffer.from([0, 1, 255, 92]), at, [1.5, null, -1e300], ['a "b"', "c,d", "{}", "NULL", null, "x\\y"], { a: [1, "two\t"] }, true],
    [2, null, "", Buffer.alloc(0), null, [], [], null, false],
    [3, Number.NaN, "\\.", null, undefined, null, null, [1, 2].length, null],
  ];
  const count = await transaction(db.owner, (client) => copyRows(client, "copy trial.everything from stdin", given));
  t.equal(count, 3);
  const [first, second, third] = await db.query("select * from trial.everything order by n");
  t.same(first, { n: 1, f: 0.30000000000000004, s: nasty, b: given[0]?.[3], at, list: given[0]?.[5], words: given[0]?.[6], doc: { a: [1, "two\t"] }, yes: true });
  t.same(second, { n: 2, f: null, s: "", b: Buffer.alloc(0), at: null, list: [], words: [], doc: null, yes: false });
  t.match(third, { n: 3, s: "\\.", b: null, at: null, list: null, doc: 2 });
  t.ok(Number.isNaN(third?.["f"]));
});

t.test("a hundred thousand rows from a generator, in flat memory", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.n (n int, v float8)");
  function* many(): Generator<[number, number]> {
    for (let n = 0; n < 100_000; n++) yield [n, n / 3];
  }
  t.equal(await transaction(db.owner, (client) => copyRows(client, "copy trial.n from stdin", many())), 100_000);
  t.equal(await db.value("select count(*)::int from trial.n where v = n / 3::float8"), 100_000);
});

t.test("a source that fails, and a row that does not fit, leave nothing", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.n (n int)");
  async function* failing(): AsyncGenerator<[number]> {
    yield [1];
    throw new Error("the source broke");
  }
  await t.rejects(transaction(db.owner, (client) => copyRows(client, "copy trial.n from stdin", failing())), { message: "the source broke" });
  await t.rejects(transaction(db.owner, (client) => copyRows(client, "copy trial.n from stdin", [[1], ["two"]])), { code: "22P02" });
  t.equal(await db.value("select count(*)::int from trial.n"), 0);
  t.equal(await db.value("select 1"), 1);
});
