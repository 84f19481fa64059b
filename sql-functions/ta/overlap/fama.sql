-- Gives the following adaptive moving average.
create or replace function ta.fama(
  series double precision[],
  fast_limit double precision default 0.5,
  slow_limit double precision default 0.05
)
returns double precision[]
language sql
immutable
parallel safe
return ta.adaptive_average('fama', series, fast_limit, slow_limit, 'fama');

comment on function ta.fama(double precision[], double precision, double precision) is
$$Following adaptive moving average: the average of ta.mama with half of its weight; mama crossing it is Ehlers' signal. Result: as long as series, in its
unit.
Arguments: series; fast_limit and slow_limit, the largest and the smallest weight of the newest bar, 0 to 1, finite numbers.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 32 bars. The first values still remember that the average
began with 0.
Errors: MB001 for a bad number or array. Source: TA-Lib MAMA (unstable period 0); Ehlers (2001).
lookback: unbounded$$;

revoke all on function ta.fama(double precision[], double precision, double precision) from public;
grant execute on function ta.fama(double precision[], double precision, double precision) to marketbase_reader;
