-- Count, sum and sum of squared distances of numbers, from which mean and deviation follow.
create or replace aggregate feature.moments(double precision) (
  sfunc = float8_accum,
  stype = double precision[],
  combinefunc = float8_combine,
  initcond = '{0,0,0}',
  parallel = safe
);

comment on aggregate feature.moments(double precision) is
'What PostgreSQL''s avg, var_samp and stddev_samp keep while they add up: an array of count, sum and sum of squared distances from the mean (Youngs and Cramer). NULL is skipped; {0,0,0} for no number.
float8_combine puts two of them together; float8_avg, float8_var_samp and float8_stddev_samp read them.
Errors: 22003 for a sum that is too large for a double.';

revoke all on function feature.moments(double precision) from public;
grant execute on function feature.moments(double precision) to marketbase_worker, marketbase_probe;
