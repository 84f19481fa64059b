-- A close does not jump and come straight back.
create or replace function quality.rule_price_spike(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with move as (
    select
      bar.*,
      lag(bar.log_return) over in_time as spike,
      lag(bar.ts) over in_time as spike_ts,
      lag(bar.volume) over in_time as spike_volume,
      lag(bar.previous_close) over in_time as close_before,
      lag(bar.session_date) over in_time as spike_date
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 1) as bar
    window in_time as (partition by bar.instrument_id order by bar.bar_no)
  )
  select
    null::bigint,
    move.instrument_id,
    move.spike_ts,
    jsonb_build_object('session_date', move.spike_date),
    jsonb_build_object('close', move.previous_close, 'next_close', move.close, 'log_return', move.spike, 'next_log_return', move.log_return),
    format('a move of %s or more that lasts', p_parameters ->> 'min_move'),
    format(
      'The close of %s moved by %s %%, and the next one moved back by %s %%.',
      move.spike_date, round((exp(move.spike) * 100 - 100)::numeric, 1), round((exp(move.log_return) * 100 - 100)::numeric, 1)
    )
  from move
  cross join lateral (
    select usual.tick, usual.volume, usual.move
    from quality.usual_bar(move.instrument_id, move.spike_ts, (p_parameters ->> 'window')::integer) as usual
    where abs(move.spike) >= (p_parameters ->> 'min_move')::double precision
  ) as usual
  where move.is_asked
    and abs(move.spike) >= (p_parameters ->> 'min_move')::double precision
    and abs(move.spike + move.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(move.spike)
    and abs(move.previous_close - move.close_before) >= (p_parameters ->> 'min_ticks')::double precision * coalesce(usual.tick, 0)
    and abs(move.spike) >= (p_parameters ->> 'score')::double precision * coalesce(usual.move, 0)
    -- News brings trading, errors do not.
    and not coalesce(usual.volume > 0 and move.spike_volume > (p_parameters ->> 'news_volume')::double precision * usual.volume, false);
end;

comment on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose close moved by min_move (as a log return) or more and whose next close took all of it back but max_remainder of the move. The time of the finding is that of the bar that sticks out; it is found when the bar after it is checked. Recorded splits and dividends do not count as moves. Moves of less than score times the median move of the window bars before are usual for the instrument, as for an index of volatility. Moves of fewer than min_ticks ticks (the smallest difference between prices in the window bars before) are not looked at, nor are days on which the volume was more than news_volume times the median of that window: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25, "window": 20, "min_ticks": 5, "score": 8, "news_volume": 5}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
