-- A price does not move to another level without an action or news.
create or replace function quality.rule_price_level_shift(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(bar.log_return) < (p_parameters ->> 'max_move')::double precision
    and bar.split_ratio = 1
    and bar.dividend = 0
    and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
    and abs(bar.log_return) > (p_parameters ->> 'multiple')::double precision * (bar.usual).move
    and abs(bar.close - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- It came overnight: open and close are on the new level.
    and abs(bar.close_move - bar.open_move) <= abs(bar.close_move) / 4
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'volume', bar.volume, 'usual_volume', (bar.usual).volume),
    'a split or dividend on record, or trading as on days of news',
    format(
      '%s opens and closes at another level, %s %% from the close before, with no action on record and %s.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1),
      case when (bar.usual).volume > 0 then format('%s times the usual volume', round((bar.volume / (bar.usual).volume)::numeric, 1)) else 'no volumes' end
    )
  )
end;

comment on function quality.rule_price_level_shift(quality.judged_bar, jsonb) is
'A bar that opens and closes min_move to max_move (as a logarithm) away from the close before, multiple or more times its usual move and min_ticks or more usual ticks, on no more than news_volume times the usual volume and without an action on record; where more than min_sample bars are before. Larger moves are those of splits and units.';

revoke all on function quality.rule_price_level_shift(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_level_shift(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_level_shift', 'price_data', 'prices', 'error', '{"min_move": 0.3, "max_move": 1.3862943611198906, "min_sample": 20, "multiple": 10, "min_ticks": 5, "news_volume": 2}',
  'The price goes on at another level, and nothing on record or in the trading says why: the bars before or after are those of another instrument, or adjusted for something that is not on record.',
  'Look for a spin-off, rights issue or change of symbol on that day; fetch the whole series again from one provider.'
);
