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
