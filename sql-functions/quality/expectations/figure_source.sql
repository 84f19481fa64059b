-- The query of an expectation that judges a figure of each group.
create or replace function quality.figure_source(p_frame quality.expectation_frame, p_figures_sql text, p_observed_sql text, p_expected_sql text)
returns text
language sql
immutable
parallel safe
return format(
  'select %s as instrument_id, null::timestamptz as ts, f._from_ts as from_ts, f._to_ts as to_ts, %s as key, %s as observed, %s as is_expected, f._masked_count as masked_count '
  'from (select %s as _group, %s, min(d._ts) as _from_ts, max(d._ts) as _to_ts, count(*) filter (where d._masked) as _masked_count from %s group by %s) as f',
  case when (p_frame).is_by_instrument then 'f._group' else 'null::bigint' end,
  case when (p_frame).group_by is null or (p_frame).is_by_instrument then '''{}''::jsonb' else format('jsonb_build_object(%L, f._group)', (p_frame).group_by) end,
  p_observed_sql,
  p_expected_sql,
  case when (p_frame).is_by_instrument then 'asked.instrument_id' when (p_frame).group_by is null then 'null::text' else 'd._group' end,
  p_figures_sql,
  -- An instrument without rows has a figure too, where there is one of no rows.
  case
    when (p_frame).is_by_instrument then format(
      '(select d.*, true as _exists from (%1$s) as d) as d right join unnest($1) as asked (instrument_id) on asked.instrument_id = d._group', (p_frame).rows_sql)
    else format('(select d.*, true as _exists from (%s) as d) as d', (p_frame).rows_sql)
  end,
  case when (p_frame).is_by_instrument then 'asked.instrument_id' when (p_frame).group_by is null then '()' else 'd._group' end
);

comment on function quality.figure_source(quality.expectation_frame, text, text, text) is
E'@behavior -*\nThe query that makes the aggregates p_figures_sql of the rows d of each group of p_frame, shows p_observed_sql and judges by the condition p_expected_sql on a row f of them (null: not counted). An aggregate leaves out rows of known incidents by a filter on d._masked; d._exists tells a row from an instrument without rows.';

revoke all on function quality.figure_source(quality.expectation_frame, text, text, text) from public;
grant execute on function quality.figure_source(quality.expectation_frame, text, text, text) to marketbase_worker, marketbase_author;
