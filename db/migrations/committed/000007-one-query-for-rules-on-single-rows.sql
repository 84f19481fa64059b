--! Previous: sha1:aa6aa676f99a7642aa7bec65e25232d768a32de2
--! Hash: sha1:0cfed8edbdffaa9efe3e0432b5486a635d3696e3
--! Message: One query for rules on single rows

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 900-functions.sql
-- Made by `marketbase db include` from e276eb63eaa66866: the changed files of sql-functions, each after what it needs.
--! Included quality/helpers/bar_violations.sql
-- Applies rules on single bars to what is stored, all of them in one pass over the bars.
create or replace function quality.bar_violations(p_rules text[], p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_level text default 'fail')
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_query constant text := quality.single_row_query(p_rules, 'quality.judged_bar', 'quality.judged_bars($1, $2, $3) as bar', p_level);
begin
  if v_query is not null then
    return query execute v_query using p_instrument_ids, p_from, p_to;
  end if;
end;
$$;

comment on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) is
'What the rules p_rules, each a function of a quality.judged_bar, find wrong in the bars of the instruments from p_from to p_to at the level p_level (fail or warn, see quality.level_parameters); writes nothing. The bars are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) from public;
grant execute on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) to marketbase_worker;
--! EndIncluded quality/helpers/bar_violations.sql
--! Included quality/helpers/candidate_bar_violations.sql
-- Applies rules on single candidates to the bars of a body, all of them in one pass.
create or replace function quality.candidate_bar_violations(p_rules text[], p_raw_response_id bigint)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_query constant text := quality.single_row_query(p_rules, 'ingest.candidate_bar', 'ingest.candidate_bar as bar where bar.raw_response_id = $1');
begin
  if v_query is not null then
    return query execute v_query using p_raw_response_id;
  end if;
end;
$$;

comment on function quality.candidate_bar_violations(text[], bigint) is
'What the rules p_rules, each a function of an ingest.candidate_bar, find wrong in the candidates of the body p_raw_response_id; writes nothing. The candidates are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.candidate_bar_violations(text[], bigint) from public;
grant execute on function quality.candidate_bar_violations(text[], bigint) to marketbase_worker;
--! EndIncluded quality/helpers/candidate_bar_violations.sql
--! Included quality/helpers/single_row_query.sql
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
--! EndIncluded quality/helpers/single_row_query.sql

--! split: 990-refresh-versions.sql
-- What the helpers of rules are now is put into force.
select quality.refresh_rules();
