-- Applies every rule in force to what is stored.
create or replace function quality.stored_violations(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_datasets text[])
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule quality.rule_in_force;
begin
  for v_rule in
    select r.* from quality.rule_in_force as r where r.expectation is null and r.dataset = any (p_datasets) order by r.rule
  loop
    begin
      return query execute format(
        'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3, $4, $5) as v',
        (v_rule.function_name || '(bigint[], timestamp with time zone, timestamp with time zone, jsonb)')::regprocedure::regproc
      )
      using v_rule.rule, p_instrument_ids, p_from, p_to, v_rule.parameters;
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

comment on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) is
'What the rules in force for p_datasets find wrong in what is stored of the instruments from p_from to p_to; writes nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
