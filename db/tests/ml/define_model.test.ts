import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addFeatureSet } from "./fixture.ts";

t.test("ml.define_model", async (t) => {
  const db = await testDatabase(t);
  await addFeatureSet(db, "test_set", ["a"]);
  await addFeatureSet(db, "other_set", ["a"]);
  const define = (name: unknown, set: unknown, parameters: unknown) =>
    db.query<{ model_id: string; parameters: object }>("select * from ml.define_model($1, $2, 'For a test.', $3)", [name, set, JSON.stringify(parameters)], "worker");
  const refused = (name: unknown, set: unknown, parameters: unknown) =>
    db.refused("select * from ml.define_model($1, $2, 'For a test.', $3)", [name, set, JSON.stringify(parameters)], "worker");

  const [first] = await define("test_model", "test_set", {});
  t.same(first?.parameters, { lambda: 1, folds: 5 }, "defaults are written out");
  const [again] = await define("test_model", "test_set", { folds: 5 });
  t.same(again, first, "the same definition changes nothing");
  const [changed] = await define("test_model", "test_set", { lambda: 0.5, symbols: ["AAPL"] });
  t.match(changed, { model_id: first?.model_id, parameters: { lambda: 0.5, folds: 5, symbols: ["AAPL"] } }, "parameters can be changed");

  t.match(await refused("test_model", "other_set", {}), { code: "MB008" }, "the feature set of a model cannot");
  t.match(await refused("new_model", "nobody", {}), { code: "MB003", hint: /other_set, .*test_set/ }, "an unknown feature set");
  for (const name of ["", "Big", "1a", "a b", "a'; drop table ml.model; --", null]) t.match(await refused(name, "test_set", {}), { code: "MB001" }, `name ${name}`);
  for (const parameters of [
    [], { lambda: -1 }, { lambda: "1" }, { folds: 0 }, { folds: 2.5 }, { folds: 13 }, { folds: "x" }, { symbols: [] }, { symbols: "AAPL" }, { symbols: [1] }, { penalty: 1 }, { lambda: null },
  ]) {
    t.match(await refused("new_model", "test_set", parameters), { code: "MB001" }, `parameters ${JSON.stringify(parameters)}`);
  }
  t.match(await db.refused("select ml.define_model('a', 'test_set', 'x')", [], "analyst"), { code: "42501" }, "only the worker defines models");
});
