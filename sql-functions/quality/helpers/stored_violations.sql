-- Applies every rule in force to what is stored.
create or replace function quality.stored_violations(
  p_instrument_ids bigint[],
  p_from timestamptz,
  p_to timestamptz,
  p_datasets text[],
  p_level text default 'fail'
)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_bar_rules constant text[] := array(
    select r.rule
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and to_regprocedure(r.function_name || '(quality.judged_bar, jsonb)') is not null
    order by r.rule
  );
  v_each_alone boolean := false;
  v_rule quality.rule_in_force;
begin
  begin
    return query select v.* from quality.bar_violations(v_bar_rules, p_instrument_ids, p_from, p_to, p_level) as v;
  exception
    when query_canceled then
      raise;
    when others then
      -- Which of them it was shows when each is applied alone.
      v_each_alone := true;
  end;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and (v_each_alone or r.rule <> all (v_bar_rules))
      and quality.level_parameters(r.parameters, p_level) is not null
    order by r.rule
  loop
    begin
      if v_rule.rule = any (v_bar_rules) then
        return query select v.* from quality.bar_violations(array[v_rule.rule], p_instrument_ids, p_from, p_to, p_level) as v;
      else
        return query execute format(
          'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3, $4, $5) as v',
          (v_rule.function_name || '(bigint[], timestamp with time zone, timestamp with time zone, jsonb)')::regprocedure::regproc
        )
        using v_rule.rule, p_instrument_ids, p_from, p_to, quality.level_parameters(v_rule.parameters, p_level);
      end if;
    exception
      when query_canceled then
        raise;
      when others then
        raise exception using errcode = sqlstate,
          message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, sqlerrm),
          hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
    end;
  end loop;
end;
$$;

comment on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) is
'What the rules in force for p_datasets find wrong in what is stored of the instruments from p_from to p_to, at the level p_level: fail, or warn for the rules that have such thresholds (quality.level_parameters); writes nothing. Rules that are functions of a bar are applied together (quality.bar_violations), others each by itself. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) from public;
grant execute on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) to marketbase_worker;
