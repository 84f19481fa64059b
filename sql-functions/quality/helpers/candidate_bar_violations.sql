-- Applies rules on single candidates to the bars of a body, all of them in one pass.
create or replace function quality.candidate_bar_violations(p_rules text[], p_raw_response_id bigint)
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
    string_agg(format('%s(bar, %L::jsonb)', (r.function_name || '(ingest.candidate_bar, jsonb)')::regprocedure::regproc, r.parameters), ', ' order by r.rule),
    string_agg(format('%I', r.rule), ', ' order by r.rule),
    string_agg(format('(%L, judged.%I)', r.rule, r.rule), ', ' order by r.rule)
  into v_calls, v_columns, v_pairs
  from quality.rule_in_force as r
  where r.rule = any (p_rules);
  if v_calls is null then
    return;
  end if;
  -- The planner writes the conditions of the rules into this query: no function is called for a bar that satisfies them.
  return query execute format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from ingest.candidate_bar as bar where bar.raw_response_id = $1 offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    v_calls, v_columns, v_pairs, v_columns
  )
  using p_raw_response_id;
end;
$$;

comment on function quality.candidate_bar_violations(text[], bigint) is
'What the rules p_rules, each a function of an ingest.candidate_bar, find wrong in the candidates of the body p_raw_response_id; writes nothing. The candidates are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.candidate_bar_violations(text[], bigint) from public;
grant execute on function quality.candidate_bar_violations(text[], bigint) to marketbase_worker;
