import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** Makes the function of a rule that finds nothing, or everything. */
async function ruleFunction(db: TestDatabase, name: string, condition: string): Promise<void> {
  await db.query(
    `create or replace function quality.rule_${name}(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
    returns setof quality.violation language sql stable parallel safe
    begin atomic
      select null::bigint, id, null::timestamptz, '{}'::jsonb, '{}'::jsonb, 'nothing', 'Found.' from unnest(p_instrument_ids) as id where ${condition};
    end`,
  );
}

const define = "select (quality.define_rule($1, 'price_data', 'prices', $2, $3, 'What it means.', 'What to do.')).version";

t.test("content decides which version of a rule there is", async (t) => {
  const db = await testDatabase(t);
  await ruleFunction(db, "mine", "false");
  const versions = () => db.value<number>("select count(*)::int from quality.validation_rule where rule = 'mine'");
  const inForce = () => db.value<string>("select version from quality.rule_in_force where rule = 'mine'");
  const defined = (severity = "error", parameters = '{"a": 1}') => db.value<string>(define, ["mine", severity, parameters]);

  const first = await defined();
  t.match(first, /^[0-9a-f]{12}$/);
  t.equal(await defined(), first, "the same content is the same version");
  t.equal(await versions(), 1);
  t.equal(await db.value("select count(*)::int from quality.rule_activation where rule = 'mine'"), 1, "and comes into force once");

  const graver = await defined("warning");
  t.not(graver, first, "another severity is another version");
  t.equal(await inForce(), graver);
  const other = await defined("warning", '{"a": 2}');
  t.not(other, graver, "so are other parameters");
  await ruleFunction(db, "mine", "true");
  const changed = await defined("warning", '{"a": 2}');
  t.not(changed, other, "and another function");
  t.equal(await versions(), 4);

  await ruleFunction(db, "mine", "false");
  t.equal(await defined(), first, "an earlier content that returns is its earlier version");
  t.equal(await inForce(), first, "and in force again");
  t.equal(await versions(), 4);

  await db.query("select quality.retire_rule('mine')");
  t.equal(await db.value("select count(*)::int from quality.rule_in_force where rule = 'mine'"), 0, "a retired rule is out of force");
  await db.query("select quality.retire_rule('mine')");
  t.equal(await db.value("select count(*)::int from quality.rule_activation where rule = 'mine' and version is null"), 1, "retiring twice changes nothing");
  t.equal(await defined(), first);
  t.equal(await inForce(), first, "defining it brings it back");
});

t.test("a changed helper makes new versions of the rules that use it", async (t) => {
  const db = await testDatabase(t);
  t.equal(await db.value("select quality.refresh_rules()::int"), 0, "nothing has changed since the files were replayed");
  const versions = () => db.value<number>("select count(*)::int from quality.validation_rule where rule = 'price_return_outlier'");
  const before = await versions();
  const source = await db.value<string>("select pg_get_functiondef('quality.robust_score'::regproc)");
  await db.query(source.replace("0.6745", "0.67449"));
  t.equal(await db.value("select quality.refresh_rules()::int"), 5, "five rules judge by the robust score");
  t.equal(await db.value("select quality.refresh_rules()::int"), 0);
  await db.query(source);
  t.equal(await db.value("select quality.refresh_rules()::int"), 5, "and back");
  t.equal(await versions(), before + 1, "one version more, not two");

  const bars = await db.value<string>("select pg_get_functiondef('quality.judged_bars'::regproc)");
  await db.query(bars.replace("1.1 *", "1.11 *"));
  const changed = await db.value<number>("select quality.refresh_rules()::int");
  t.ok(changed >= 16, `what the rules see of a bar is part of all of them: ${changed} new versions`);
});

t.test("every rule of the folder is in force and says what it means", async (t) => {
  const db = await testDatabase(t);
  const rules = await db.query<{ rule: string; described: boolean; commented: boolean }>(
    `select rule, length(description) > 20 and length(remedy) > 20 as described,
      obj_description((function_name || case when to_regprocedure(function_name || '(quality.judged_bar, jsonb)') is not null then '(quality.judged_bar, jsonb)' when to_regprocedure(function_name || '(ingest.candidate_bar, jsonb)') is not null then '(ingest.candidate_bar, jsonb)' when dataset like 'candidate%' or dataset = 'raw_response' then '(bigint, jsonb)' when dataset = 'feature_set' then '(text, jsonb)' else '(bigint[], timestamptz, timestamptz, jsonb)' end)::regprocedure) <> '' as commented
    from quality.rule_in_force`,
  );
  t.ok(rules.length >= 60, `${rules.length} rules`);
  for (const { rule, described, commented } of rules) t.ok(described && commented, rule);
});

t.test("what cannot be a rule is refused", async (t) => {
  const db = await testDatabase(t);
  for (const name of ["", "Mine", "1st", "x'; drop table quality.validation_rule; --", "a".repeat(59), null]) {
    t.match(await db.refused(define, [name, "error", "{}"]), { code: "MB001", message: /is not a name for a rule/ }, String(name).slice(0, 20));
  }
  t.match(await db.refused(define, ["nowhere", "error", "{}"]), { code: "MB003", message: /Rule nowhere has no function quality\.rule_nowhere/ });
  t.match(
    await db.refused("select quality.define_rule('price_spike', 'price_data', 'prices', 'error', '{}', 'd', 'r', 'nothing')"),
    { code: "MB003", message: /has no population/ },
  );
  t.match(await db.refused("select quality.define_rule('bar_unique', 'candidate_bar', 'structure', 'error', '{}', 'd', 'r', 'session')"), { code: "MB001" });
  t.match(await db.refused("select quality.define_rule('price_spike', 'price_data', 'prices', 'grave', '{}', 'd', 'r')"), { code: "MB001", message: "'grave' is not a severity." });
  t.match(await db.refused("select quality.retire_rule('nowhere')"), { code: "MB003", message: /There is no rule 'nowhere'/ });
  t.match(await db.refused("select quality.define_rule('price_spike', 'price_data', 'prices', 'error', '{}', 'd', 'r')", [], "reader"), { code: "42501" });
  t.match(await db.refused("update quality.validation_rule set severity = 'info'"), { code: "MB006" });
  t.match(await db.refused("delete from quality.rule_activation"), { code: "MB006" });
});
