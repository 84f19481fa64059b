-- Writes the query that applies rules on single rows, all of them in one pass over the rows.
create or replace function quality.single_row_query(p_rules text[], p_row_type text, p_source text, p_level text default 'fail')
returns text
language sql
stable
parallel safe
begin atomic
  -- The planner writes the conditions of the rules into this query: no function is called for a row that satisfies them.
  select format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from %s offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    string_agg(format('%s(bar, %L::jsonb)', applied.function_name, applied.parameters), ', ' order by applied.rule),
    p_source,
    string_agg(format('%I', applied.rule), ', ' order by applied.rule),
    string_agg(format('(%L, judged.%I)', applied.rule, applied.rule), ', ' order by applied.rule),
    string_agg(format('judged.%I', applied.rule), ', ' order by applied.rule)
  )
  from (
    select
      r.rule, format('%s(%s, jsonb)', r.function_name, p_row_type)::regprocedure::regproc as function_name, quality.level_parameters(r.parameters, p_level) as parameters
    from quality.rule_in_force as r
    where r.rule = any (p_rules)
  ) as applied
  where applied.parameters is not null
  having count(*) > 0;
end;

comment on function quality.single_row_query(text[], text, text, text) is
'The query that says, as quality.rule_violation, what the rules p_rules find wrong at the level p_level (fail or warn, see quality.level_parameters). Each is a function of one row of p_row_type; p_source is SQL that gives those rows under the name bar, and is read once, whatever the number of rules. NULL where no rule applies. Errors: 42883 for a rule that is no function of p_row_type.';

revoke all on function quality.single_row_query(text[], text, text, text) from public;
grant execute on function quality.single_row_query(text[], text, text, text) to marketbase_worker;
