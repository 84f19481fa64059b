-- Gives the linearly weighted average of the last bars: decay_linear of the 101 formulaic alphas.
create or replace function ta.decay_linear(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_weight('decay_linear', series, period, 'decay');

comment on function ta.decay_linear(double precision[], integer) is
$$Average of the last period bars with the weights period, period - 1, ... 1 from the newest to the oldest, rescaled to add up to 1 (decay_linear in
Kakushadze, 101 Formulaic Alphas, 2015).
Where all bars are there it equals ta.wma. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, and the weights of the others add up to 1; NULL where the window has no value.
Warm-up: none, the first values come from the bars that there are.
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.decay_linear(double precision[], integer) from public;
grant execute on function ta.decay_linear(double precision[], integer) to marketbase_reader;
