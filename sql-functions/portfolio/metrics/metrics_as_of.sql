-- The performance of a portfolio as it was stored at a moment.
create or replace function portfolio.metrics_as_of(p_metric text, p_as_of timestamptz) returns setof portfolio.performance_metric
language sql stable parallel safe
begin atomic
  select metric.*
  from portfolio.performance_metric as metric
  where metric.metric = p_metric and metric.recorded_at <= p_as_of
  union all
  select metric.*
  from lineage.row_change as change
  cross join lateral jsonb_populate_record(null::portfolio.performance_metric, change.row) as metric
  where change.relation = 'portfolio.performance_metric' and change.changed_at > p_as_of
    and metric.metric = p_metric and metric.recorded_at <= p_as_of;
end;

comment on function portfolio.metrics_as_of(text, timestamptz) is
'The rows of portfolio.performance_metric for p_metric (portfolio.metric_definition) as they were stored at p_as_of, whatever was computed again since (lineage.row_change). No row for NULL.';

revoke all on function portfolio.metrics_as_of(text, timestamptz) from public;
grant execute on function portfolio.metrics_as_of(text, timestamptz) to marketbase_analyst, marketbase_auditor;
