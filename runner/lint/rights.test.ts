import t from "tap";
import { neededRights } from "./rights.ts";

const needs = (code: string) => neededRights(code).map(({ table, column, privilege }) => `${privilege} ${table}${column === undefined ? "" : `.${column}`}`);

t.test("what a statement writes is read from its text", async (t) => {
  t.strictSame(needs("insert into market.t (a, b) select 1, 2"), ["insert market.t.a", "insert market.t.b"]);
  t.strictSame(needs("insert into market.t as x (a) values (1) on conflict (a) do update set b = excluded.b, c = 1 where x.b <> 2"), [
    "insert market.t.a", "update market.t.b", "update market.t.c",
  ]);
  t.strictSame(needs("update market.t as x set a = 1, b = case when y then 2 else 3 end from market.u where x.c = u.d"), ["update market.t.a", "update market.t.b"]);
  t.strictSame(needs("update market.t set (a, b) = (select 1, 2) where true"), ["update market.t.a", "update market.t.b"]);
  t.strictSame(needs("delete from market.t where a = 1"), ["delete market.t"]);
  t.strictSame(needs("insert into market.t select 1"), ["insert market.t"]);
  t.strictSame(needs("insert into market.t (a) values (1); insert into market.u (b) values (1) on conflict (b) do update set c = excluded.c"), [
    "insert market.t.a", "insert market.u.b", "update market.u.c",
  ]);
  t.strictSame(needs("select a from market.t where b = 'delete from nothing' for update"), []);
});
