-- What the expectations in force find; nothing is stored.
create or replace function quality.rule_verdicts(p_instrument_ids bigint[], p_from timestamptz, p_datasets text[])
returns setof quality.rule_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule quality.rule_in_force;
begin
  for v_rule in
    select r.* from quality.rule_in_force as r where r.expectation is not null and r.dataset = any (p_datasets) order by r.rule
  loop
    begin
      return query
      select v_rule.rule, verdict
      from quality.expectation_verdicts(v_rule.dataset, v_rule.expectation, v_rule.parameters, p_instrument_ids, p_from) as verdict;
    exception
      -- A rule that somebody wrote by hand must not stop the others: it fails.
      when data_exception or syntax_error_or_access_rule_violation or sqlstate 'MB001' or sqlstate 'MB003' then
        return query select v_rule.rule, quality.broken_verdict(v_rule.rule, sqlerrm);
    end;
  end loop;
end;
$$;

comment on function quality.rule_verdicts(bigint[], timestamptz, text[]) is
E'@behavior -*\nWhat the expectations in force on p_datasets say of the instruments p_instrument_ids from p_from on, and of datasets as a whole. A rule that cannot be applied, such as a condition that divides by zero or a column that is no longer there, has one failed verdict that says so.';

revoke all on function quality.rule_verdicts(bigint[], timestamptz, text[]) from public;
grant execute on function quality.rule_verdicts(bigint[], timestamptz, text[]) to marketbase_worker;
