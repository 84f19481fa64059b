-- What is wrong with a bar whose move the next one took back.
create or replace function quality.spike_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select row(
    null,
    bar.instrument_id,
    spike.ts,
    jsonb_build_object('session_date', spike.session_date),
    jsonb_build_object('close', spike.close, 'next_close', bar.close, 'log_return', move.log_return, 'next_log_return', bar.log_return),
    format('a move of %s or more that lasts', p_parameters ->> 'min_move'),
    format(
      'The close of %s moved by %s %%, and the next one moved back by %s %%.',
      spike.session_date, round((exp(move.log_return) * 100 - 100)::numeric, 1), round((exp(bar.log_return) * 100 - 100)::numeric, 1)
    )
  )::quality.violation
  from quality.bar_before(bar) as spike
  cross join lateral (select quality.adjusted_move(spike.close, spike.close_before, spike.action) as log_return) as move
  where abs(move.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(move.log_return + bar.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(move.log_return)
    -- In a short series the spike itself is one of few moves.
    and ((bar.usual).bars < (p_parameters ->> 'min_sample')::bigint or abs(move.log_return) >= (p_parameters ->> 'score')::double precision * (bar.usual).move)
    and abs(spike.close - spike.close_before) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.previous_volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false);
end;

comment on function quality.spike_violation(quality.judged_bar, jsonb) is
'The violation of price_spike by the bar before one that moved far, with the parameters of that rule; NULL where the bar does not take its move back.';

revoke all on function quality.spike_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.spike_violation(quality.judged_bar, jsonb) to marketbase_worker;
