-- A body gives one set of values for a bar.
create or replace function quality.rule_bar_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
-- Sorting costs no more than hashing, least where a body is in order, and its memory does not follow the size of the body.
set enable_hashagg to off
begin atomic
  -- Few bodies repeat a bar: the values are compared only where one does.
  with repeated as (
    select c.instrument_id, c.bar_interval, c.ts, count(*) as row_count
    from ingest.candidate_bar as c
    where c.raw_response_id = p_raw_response_id and c.instrument_id is not null and c.ts is not null
    group by c.instrument_id, c.bar_interval, c.ts
    having count(*) > 1
  ),
  said as materialized (
    select c.*, repeated.row_count
    from repeated
    join ingest.candidate_bar as c
      on c.raw_response_id = p_raw_response_id
      and c.instrument_id = repeated.instrument_id
      and c.bar_interval = repeated.bar_interval
      and c.ts = repeated.ts
  )
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object(
      'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume,
      'adjusted_close', c.adjusted_close, 'rows', c.row_count
    ),
    'the same values wherever the body gives the bar',
    format('The body gives this bar %s times, with different values.', c.row_count)
  from said as c
  where exists (
    select
    from said as other
    where other.instrument_id = c.instrument_id and other.bar_interval = c.bar_interval and other.ts = c.ts
      and (other.open, other.high, other.low, other.close, other.volume, other.adjusted_close)
        is distinct from (c.open, c.high, c.low, c.close, c.volume, c.adjusted_close)
  );
end;

comment on function quality.rule_bar_unique(bigint, jsonb) is
'Candidate bars that the body p_raw_response_id gives more than once with different values: all of them, since nothing says which is true. A bar repeated with equal values passes. p_parameters is not used.';

revoke all on function quality.rule_bar_unique(bigint, jsonb) from public;
grant execute on function quality.rule_bar_unique(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_unique', 'candidate_bar', 'structure', 'critical', '{}',
  'One body gives different values for one bar, and nothing says which are true.',
  'Ask the provider for the day again when its session is over, or take the bar from another provider.'
);
