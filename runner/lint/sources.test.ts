import t from "tap";
import { conflictFindings, referenceFindings } from "./sources.ts";

t.test("on conflict: excluded values, parameters and constants pass", async (t) => {
  for (const code of [
    "insert into market.t (a, b) values (1, 2) on conflict (a) do update set b = excluded.b;",
    "insert into market.t as x (a, b) values (1, 2) on conflict (a) do update set b = coalesce(excluded.b, p_b), c = null, d = 'text, with comma' where x.b <> excluded.b;",
    "insert into market.t (a) values (1) on conflict (a) do update set b = greatest(excluded.b, v_low), c = now() returning a;",
    "with w as (insert into market.t (a) values (1) on conflict (a) do update set b = excluded.b) select price from w;",
    "insert into market.t (a) values (1) on conflict do nothing; update market.t set b = price;",
  ]) {
    t.strictSame(conflictFindings("f()", code), [], code);
  }
});

t.test("on conflict: the old row, other tables and variables without a prefix are found", async (t) => {
  for (const [code, name] of [
    ["insert into market.t (a) values (1) on conflict (a) do update set version = t.version + 1;", "t.version"],
    ["insert into market.t (a) values (1) on conflict (a) do update set b = excluded.b, c = (select max(d) from market.u);", "select"],
    ["insert into market.t (a) values (1) on conflict (a) do update set b = total where true", "total"],
  ] as const) {
    t.strictSame(conflictFindings("f()", code).map(({ todo }) => todo), [`set from excluded.*, parameters or constants instead of ${name}`], code);
  }
});

t.test("references: a name that does not exist is found, wherever it stands", async (t) => {
  const known = { relations: new Set(["market.price_data", "quality.violation"]), functions: new Set(["market.instrument_id"]), columns: new Set(["severity"]) };
  const missing = (code: string) => referenceFindings("f()", code, known).map(({ todo }) => todo.split(" ")[0]);
  t.strictSame(missing("select * from market.price_data where instrument_id = market.instrument_id(p)"), []);
  t.strictSame(missing("if x then perform market.instrument_idd(p); end if; insert into market.price_dat values (1)"), ["market.instrument_idd", "market.price_dat"]);
  t.strictSame(missing("select quality.severity from quality.violation as quality"), [], "quality is an alias, severity a column");
  t.strictSame(missing("perform 'market.nothing'::regclass; raise exception 'see market.nothing for more'"), ["market.nothing"], "names in strings, not sentences");
  t.strictSame(missing("execute 'select quality.rule_' || name"), [], "the beginning of a name");
});
