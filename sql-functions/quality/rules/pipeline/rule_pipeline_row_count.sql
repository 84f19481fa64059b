-- A run reads and writes about as many rows as such runs do.
create or replace function quality.rule_pipeline_row_count(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint, null::bigint, null::timestamptz,
    jsonb_build_object('flow', usual.flow, 'step', usual.step) || usual.subject,
    jsonb_build_object('run_id', usual.run_id, 'baseline', usual.baseline_count) || jsonb_object_agg(
      usual.figure, jsonb_build_object('value', usual.value, 'usual', usual.usual, 'score', usual.score::text)
    ),
    format('rows within %s robust deviations of the %s runs before', p_parameters ->> 'max_score', usual.baseline_count),
    format(
      'Run %s (%s): %s.', usual.run_id,
      concat_ws(' ', usual.flow, usual.step, usual.subject ->> 'provider', usual.subject ->> 'dataset', usual.subject ->> 'subject'),
      string_agg(format('%s %s, usually %s', usual.value, usual.figure, usual.usual), '; ' order by usual.figure)
    )
  from quality.usual_run((p_parameters ->> 'baseline')::integer) as usual
  where usual.figure in ('rows read', 'rows written')
    and abs(usual.score) > (p_parameters ->> 'max_score')::double precision
    and abs(usual.value - usual.usual) >= greatest(
      (p_parameters ->> 'min_rows')::double precision, (p_parameters ->> 'min_change')::double precision * usual.usual
    )
  group by usual.run_id, usual.flow, usual.step, usual.subject, usual.baseline_count;
end;

comment on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) is
'Kinds of runs (quality.usual_run) whose last run read or wrote far fewer or more rows than the baseline runs before it: a robust score beyond max_score, and a difference of min_rows and of the share min_change of what is usual at least, since ten rows where five are usual are no news, however steady the five. The other arguments are not used. The next run that is as usual resolves the finding.';

revoke all on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'pipeline_row_count', 'pipeline_run', 'pipeline', 'warning', '{"baseline": 60, "max_score": 6, "min_change": 0.5, "min_rows": 100}',
  'A run read or wrote far fewer or far more rows than such runs usually do: a source may have dried up, been cut, or sent everything again.',
  'Look at the run and its body; compare with the provider. Acknowledge the finding where the change is meant, such as a new universe: soon it is what is usual.',
  'usual_run'
);
