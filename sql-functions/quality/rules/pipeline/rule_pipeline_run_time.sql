-- A run takes about as long as such runs do.
create or replace function quality.rule_pipeline_run_time(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint, null::bigint, null::timestamptz,
    jsonb_build_object('flow', usual.flow, 'step', usual.step) || usual.subject,
    jsonb_build_object(
      'run_id', usual.run_id, 'baseline', usual.baseline_count, 'seconds', usual.value, 'usual', usual.usual, 'score', usual.score::text
    ),
    format('a time within %s robust deviations of the %s runs before', p_parameters ->> 'max_score', usual.baseline_count),
    format(
      'Run %s (%s) took %s s, usually %s s.', usual.run_id,
      concat_ws(' ', usual.flow, usual.step, usual.subject ->> 'provider', usual.subject ->> 'dataset', usual.subject ->> 'subject'),
      round(usual.value::numeric, 1), round(usual.usual::numeric, 1)
    )
  from quality.usual_run((p_parameters ->> 'baseline')::integer) as usual
  where usual.figure = 'seconds'
    and abs(usual.score) > (p_parameters ->> 'max_score')::double precision
    and abs(usual.value - usual.usual) >= greatest(
      (p_parameters ->> 'min_seconds')::double precision, (p_parameters ->> 'min_change')::double precision * usual.usual
    );
end;

comment on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) is
'Kinds of runs (quality.usual_run) whose last run, from the start of its last attempt to its end, took far more or less time than the baseline runs before it: a robust score beyond max_score, and a difference of min_seconds and of the share min_change of what is usual at least. The other arguments are not used. The next run that is as usual resolves the finding.';

revoke all on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'pipeline_run_time', 'pipeline_run', 'pipeline', 'info', '{"baseline": 60, "max_score": 6, "min_change": 0.5, "min_seconds": 30}',
  'A run took far longer, or was done far sooner, than such runs usually are: the machine or a plan has changed, a source is slow, or the run did not do its work.',
  'Compare its rows with those of earlier runs (pipeline.pipeline_run); marketbase doctor and pg_stat_statements show where time goes.',
  'usual_run'
);
