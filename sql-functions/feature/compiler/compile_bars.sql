-- Makes the query and the version of a stage over bars.
create or replace function feature.compile_bars(
  p_plan jsonb,
  p_names text[],
  p_expressions text[],
  p_sql text[],
  p_levels integer,
  p_lookback double precision,
  p_bar_interval text
) returns feature.compiled_set
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result feature.compiled_set;
begin
  result.feature_names := p_names;
  result.lookback := nullif(p_lookback, 'infinity')::integer;
  result.sources := array(select distinct source from feature.bar_column where p_plan -> 'columns' ? column_name order by source);
  result.kernels := feature.kernel_versions(
    array(select jsonb_object_keys(p_plan -> 'used'))
    || array(select distinct source_function from feature.bar_column where p_plan -> 'columns' ? column_name and source_function is not null)
  );
  if 'fundamental' = any (result.sources) then
    result.kernels := result.kernels || jsonb_build_object(
      'market.concept_tag',
      (select left(encode(sha256(convert_to(string_agg(tag::text, E'\n' order by tag::text), 'UTF8')), 'hex'), 12) from market.concept_tag as tag)
    );
  end if;
  result.compiled_sql := feature.compile_query(p_plan, feature.listed_outputs(p_names, p_sql), p_levels, result.lookback, p_bar_interval);
  result.version := left(encode(sha256(convert_to(
    jsonb_build_object(
      'bar_interval', p_bar_interval, 'names', result.feature_names, 'expressions', p_expressions, 'kernels', result.kernels, 'query', result.compiled_sql
    )::text, 'UTF8'
  )), 'hex'), 12);
  return result;
end
$$;

comment on function feature.compile_bars(jsonb, text[], text[], text[], integer, double precision, text) is
'Query, kernels, sources, lookback and version of the features p_names over bars of length p_bar_interval. p_plan: from feature.plan_expression. p_expressions: their normal forms. p_sql: their SQL over rows.
p_levels: how often kernels depend on kernels. p_lookback: in bars, infinity for unbounded.';

revoke all on function feature.compile_bars(jsonb, text[], text[], text[], integer, double precision, text) from public;
