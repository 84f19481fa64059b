-- The query of an expectation that judges row by row.
create or replace function quality.row_source(p_frame quality.expectation_frame, p_columns text[], p_expected_sql text, p_rows_sql text default null)
returns text
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
return format(
  'select d._instrument_id as instrument_id, d._ts as ts, d._ts as from_ts, d._ts as to_ts, %s as key, jsonb_build_object(%s) as observed, '
  'case when not d._masked then %s end as is_expected, d._masked::integer as masked_count from (%s) as d',
  (p_frame).key_sql,
  (
    select string_agg(format('%1$L, d.%1$I', listed.name), ', ')
    from unnest(p_columns) as listed (name)
  ),
  p_expected_sql,
  coalesce(p_rows_sql, (p_frame).rows_sql)
);

comment on function quality.row_source(quality.expectation_frame, text[], text, text) is
E'@behavior -*\nThe query that judges each row d of p_frame by the condition p_expected_sql (null: not counted) and shows p_columns. p_rows_sql: rows with more columns than those of the frame. Rows in a known incident are counted as masked.';

revoke all on function quality.row_source(quality.expectation_frame, text[], text, text) from public;
grant execute on function quality.row_source(quality.expectation_frame, text[], text, text) to marketbase_worker, marketbase_author;
