-- Gives the largest fall from a peak so far.
create or replace function ta.expanding_max_drawdown(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_drawdown('expanding_max_drawdown', series, greatest(cardinality(series), 1));

comment on function ta.expanding_max_drawdown(double precision[]) is
$$Maximum drawdown: the largest fall so far, as a fraction of the peak before it, from -1 to 0, as ta.rolling_max_drawdown.
Arguments: series, prices or the value of a portfolio.
NULL behaviour: NULL, NaN, infinity and values of 0 or less, of which no fraction can be taken, are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_max_drawdown(double precision[]) from public;
grant execute on function ta.expanding_max_drawdown(double precision[]) to marketbase_reader;
