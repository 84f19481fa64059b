-- What is usual for a kind of run, and its last run beside it.
create or replace function quality.usual_run(p_baseline integer)
returns table (
  run_id bigint,
  flow text,
  step text,
  subject jsonb,
  finished_at timestamptz,
  figure text,
  value double precision,
  usual double precision,
  score double precision,
  baseline_count bigint
)
language sql
stable
parallel safe
begin atomic
  with ended as (
    select
      run.run_id, run.flow, run.step, asked.subject, run.finished_at,
      array[run.rows_read, run.rows_written, extract(epoch from run.finished_at - run.started_at)]::double precision[] as figures,
      row_number() over (partition by run.flow, run.step, asked.subject order by run.finished_at desc, run.run_id desc) as place
    from pipeline.pipeline_run as run
    cross join lateral (
      select jsonb_strip_nulls(jsonb_build_object(
        'provider', run.parameters -> 'provider', 'dataset', run.parameters -> 'dataset',
        'subject', coalesce(run.parameters -> 'subject', run.parameters -> 'subjects'),
        'days', case
          when pg_input_is_valid(run.parameters ->> 'from', 'date') and pg_input_is_valid(run.parameters ->> 'to', 'date')
          then (run.parameters ->> 'to')::date - (run.parameters ->> 'from')::date
        end
      )) as subject
    ) as asked
    where run.status = 'succeeded' and run.started_at is not null
  ),
  kind as (
    select
      ended.flow, ended.step, ended.subject,
      max(ended.run_id) filter (where ended.place = 1) as run_id,
      max(ended.finished_at) as finished_at,
      count(*) - 1 as baseline_count
    from ended
    where ended.place <= p_baseline + 1
    group by ended.flow, ended.step, ended.subject
    having count(*) > 10
  )
  select
    kind.run_id, kind.flow, kind.step, kind.subject, kind.finished_at, measured.figure, measured.value, measured.usual,
    quality.robust_score(measured.value, measured.baseline), kind.baseline_count
  from kind
  cross join lateral (
    select
      named.figure,
      max(ended.figures[named.position]) filter (where ended.place = 1) as value,
      array_agg(ended.figures[named.position]) filter (where ended.place > 1) as baseline,
      percentile_cont(0.5) within group (order by ended.figures[named.position]) filter (where ended.place > 1) as usual
    from ended
    cross join unnest(array['rows read', 'rows written', 'seconds']) with ordinality as named (figure, position)
    where (ended.flow, ended.step, ended.subject) = (kind.flow, kind.step, kind.subject) and ended.place <= p_baseline + 1
    group by named.figure
  ) as measured;
end;

comment on function quality.usual_run(integer) is
'The last run that succeeded of each kind (flow, step, and the provider, data set, subject and number of days that it was asked for), where at least 10 did before it: its rows read, rows written and seconds, a row each, beside the p_baseline runs before it, the run itself excluded: their median, and the quality.robust_score of the value, which is infinite where all of them had one and the same other value.';

revoke all on function quality.usual_run(integer) from public;
grant execute on function quality.usual_run(integer) to marketbase_worker;
