import t from "tap";
import { testDatabase } from "../support/database.ts";

t.test("the modified z-score", async (t) => {
  const db = await testDatabase(t);
  const score = (value: number | null, sample: string) => db.value<number | null>("select quality.robust_score($1, $2::float8[])", [value, sample]);
  t.equal(Math.round(((await score(5, "{1,2,3,4,5}")) ?? 0) * 1e6) / 1e6, 1.349, "0.6745 (5 - 3) / 1");
  t.equal(Math.round(((await score(2.1, "{2.1,3.1,3.2,3.2,3.3,3.5}")) ?? 0) * 1e4) / 1e4, -7.4195, "0.6745 (2.1 - 3.2) / 0.1");
  t.equal(Math.round(((await score(3, "{1,1,1,1,2}")) ?? 0) * 1e6) / 1e6, 7.978846, "where the MAD is 0, the mean deviation: (3 - 1) / (1.253314 * 0.2)");
  t.equal(await score(5, "{5,5,5}"), 0, "a constant sample: the constant itself");
  t.equal(await score(6, "{5,5,5}"), Infinity, "and anything above");
  t.equal(await score(4, "{5}"), -Infinity, "and below, also for a sample of one");
  t.equal(await score(5, "{1,null,3,null,5}"), await score(5, "{1,3,5}"), "NULLs are left out");
  t.equal(await score(null, "{1,2,3}"), null);
  t.equal(await score(1, "{}"), null);
  t.equal(await score(1, "{null}"), null);
});
