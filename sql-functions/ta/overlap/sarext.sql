-- Gives the parabolic stop and reverse with settings for each side.
create or replace function ta.sarext(
  high double precision[],
  low double precision[],
  start_value double precision default 0,
  offset_on_reverse double precision default 0,
  acceleration_init_long double precision default 0.02,
  acceleration_long double precision default 0.02,
  acceleration_max_long double precision default 0.2,
  acceleration_init_short double precision default 0.02,
  acceleration_short double precision default 0.02,
  acceleration_max_short double precision default 0.2
)
returns double precision[]
language sql
immutable
parallel safe
return ta.parabolic_stop(
  'sarext', high, low, start_value, offset_on_reverse, acceleration_init_long, acceleration_long, acceleration_max_long,
  acceleration_init_short, acceleration_short, acceleration_max_short, true
);

comment on function ta.sarext(
  double precision[], double precision[], double precision, double precision, double precision, double precision, double precision,
  double precision, double precision, double precision
) is
$$Extended parabolic stop and reverse: as ta.sar, with settings of its own for long and short, and negative while short. Result: as long as high, in its
unit.
Arguments: high, low, of equal length; start_value, the first stop: positive begins long, negative short, 0 takes side and stop from the first two bars;
offset_on_reverse, a fraction by which the stop moves away when it changes sides;
acceleration_init_…, _…, _max_…: the first part of the distance to the extreme by which the stop moves, its growth at each new extreme, its bound. Finite
numbers.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 1 bar.
Errors: MB001 for a bad number or arrays. Source: TA-Lib SAREXT; Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.sarext(double precision[], double precision[], double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision) from public;
grant execute on function ta.sarext(double precision[], double precision[], double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision) to marketbase_reader;
