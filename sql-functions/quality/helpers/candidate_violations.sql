-- Applies every rule in force to the candidates of a body.
create or replace function quality.candidate_violations(p_raw_response_id bigint, p_dataset text)
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
    where r.expectation is null and r.dataset = p_dataset and to_regprocedure(r.function_name || '(ingest.candidate_bar, jsonb)') is not null
    order by r.rule
  );
  v_each_alone boolean := false;
  v_rule quality.rule_in_force;
begin
  begin
    return query select v.* from quality.candidate_bar_violations(v_bar_rules, p_raw_response_id) as v;
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
    where r.expectation is null and r.dataset = p_dataset and (v_each_alone or r.rule <> all (v_bar_rules))
    order by r.rule
  loop
    begin
      if v_rule.rule = any (v_bar_rules) then
        return query select v.* from quality.candidate_bar_violations(array[v_rule.rule], p_raw_response_id) as v;
      else
        return query execute format(
          'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3) as v',
          (v_rule.function_name || '(bigint, jsonb)')::regprocedure::regproc
        )
        using v_rule.rule, p_raw_response_id, v_rule.parameters;
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

comment on function quality.candidate_violations(bigint, text) is
'What the rules in force for p_dataset (candidate_bar, candidate_fact or raw_response) find wrong in the candidates of the body p_raw_response_id, or in the body; writes nothing. Rules that are functions of a bar are applied together (quality.candidate_bar_violations), others each by itself. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.candidate_violations(bigint, text) from public;
grant execute on function quality.candidate_violations(bigint, text) to marketbase_worker;
