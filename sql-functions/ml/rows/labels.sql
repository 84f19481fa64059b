-- The label of every bar: the return from its close to the next close.
create or replace function ml.labels(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_known_at timestamptz default 'infinity'
) returns setof ml.labelled_bar
language sql stable parallel safe
begin atomic
  with bar as (
    select instrument_id, ts, version, close, known_from
    from market.price_data
    where instrument_id = any (p_instrument_ids) and bar_interval = p_bar_interval and recorded_at <= p_known_at
    union all
    select instrument_id, ts, version, close, known_from
    from market.price_data_history
    where instrument_id = any (p_instrument_ids) and bar_interval = p_bar_interval and recorded_at <= p_known_at and closed_at > p_known_at
  ),
  -- The decision is taken when the bar is first known; what is corrected afterwards moves its label, never its decision.
  decision as (
    select
      bar.instrument_id, bar.ts, bar.close, bar.known_from,
      coalesce(first_version.known_from, bar.known_from) as decision_time
    from bar
    left join market.price_data_history first_version
      on first_version.instrument_id = bar.instrument_id
      and first_version.bar_interval = p_bar_interval
      and first_version.ts = bar.ts
      and first_version.version = 1
      and bar.version > 1
  )
  select
    instrument_id,
    ts,
    decision_time,
    lead(close) over next_bar / close - 1,
    lead(decision_time) over next_bar,
    case
      when lead(decision_time) over next_bar is not null
      then greatest(known_from, lead(known_from) over next_bar)
    end
  from decision
  window next_bar as (partition by instrument_id order by ts);
end;

comment on function ml.labels(bigint[], text, timestamptz) is
'Every bar of p_instrument_ids with its label next_return = close of the next bar / close - 1 (a fraction), as recorded at p_known_at (default: everything).
The next bar is the next one that is there; where a session is missing the return spans it. Closes are taken as stored, not adjusted for splits or dividends.
decision_time: known_from of the first version of the bar, for a daily bar the close of its session. The label follows corrections of the two closes:
label_known_from says from when its value could be known. NULL label, label_end and label_known_from for the last bar.';

revoke all on function ml.labels(bigint[], text, timestamptz) from public;
grant execute on function ml.labels(bigint[], text, timestamptz) to marketbase_reader;
