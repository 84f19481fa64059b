-- Applies rules on single bars to what is stored, all of them in one pass over the bars.
create or replace function quality.bar_violations(p_rules text[], p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_level text default 'fail')
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_calls text;
  v_columns text;
  v_pairs text;
begin
  select
    string_agg(format('%s(bar, %L::jsonb)', (r.function_name || '(quality.judged_bar, jsonb)')::regprocedure::regproc, quality.level_parameters(r.parameters, p_level)), ', ' order by r.rule),
    string_agg(format('judged.%I', r.rule), ', ' order by r.rule),
    string_agg(format('(%L, judged.%I)', r.rule, r.rule), ', ' order by r.rule)
  into v_calls, v_columns, v_pairs
  from quality.rule_in_force as r
  where r.rule = any (p_rules) and quality.level_parameters(r.parameters, p_level) is not null;
  if v_calls is null then
    return;
  end if;
  -- The planner writes the conditions of the rules into this query: no function is called for a bar that satisfies them.
  return query execute format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from quality.judged_bars($1, $2, $3) as bar offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    v_calls, replace(v_columns, 'judged.', ''), v_pairs, v_columns
  )
  using p_instrument_ids, p_from, p_to;
end;
$$;

comment on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) is
'What the rules p_rules, each a function of a quality.judged_bar, find wrong in the bars of the instruments from p_from to p_to at the level p_level (fail or warn, see quality.level_parameters); writes nothing. The bars are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) from public;
grant execute on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) to marketbase_worker;
