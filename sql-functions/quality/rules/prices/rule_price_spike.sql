-- A close does not jump and come straight back.
create or replace function quality.rule_price_spike(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(bar.previous_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(bar.previous_return + bar.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(bar.previous_return)
    and abs(bar.previous_return) >= (p_parameters ->> 'score')::double precision * coalesce((bar.usual).move, 0)
    and abs(bar.close - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.previous_volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then row(
    null,
    bar.instrument_id,
    bar.previous_date::timestamp at time zone 'UTC',
    jsonb_build_object('session_date', bar.previous_date),
    jsonb_build_object('close', bar.previous_close, 'next_close', bar.close, 'log_return', bar.previous_return, 'next_log_return', bar.log_return),
    format('a move of %s or more that lasts', p_parameters ->> 'min_move'),
    format(
      'The close of %s moved by %s %%, and the next one moved back by %s %%.',
      bar.previous_date, round((exp(bar.previous_return) * 100 - 100)::numeric, 1), round((exp(bar.log_return) * 100 - 100)::numeric, 1)
    )
  )::quality.violation
end;

comment on function quality.rule_price_spike(quality.judged_bar, jsonb) is
'A bar before this one whose close moved by min_move (as a log return) or more, and whose move this one took back but max_remainder of it. The time of the finding is that of the bar that sticks out. Recorded splits and dividends do not count as moves. Moves of less than score times the median move of the bars before are usual for the instrument, as for an index of volatility. Moves of fewer than min_ticks ticks are not looked at, nor are days on which the volume was more than news_volume times the usual one: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_spike(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_spike(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25, "min_ticks": 5, "score": 8, "news_volume": 5}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
