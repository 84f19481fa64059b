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
