-- Counts, sums and sums of products of pairs of numbers, from which correlation and regression follow.
create or replace aggregate feature.comoments(double precision, double precision) (
  sfunc = float8_regr_accum,
  stype = double precision[],
  combinefunc = float8_regr_combine,
  initcond = '{0,0,0,0,0,0}',
  parallel = safe
);

comment on aggregate feature.comoments(double precision, double precision) is
'What PostgreSQL''s corr, covar_samp and regr_slope keep while they add up the pairs (y, x): an array of count, sum of x, of its squared distances from the mean, the same of y, and of the products of the distances (Youngs and Cramer). Pairs with a NULL are skipped; {0,0,0,0,0,0} for none.
float8_regr_combine puts two of them together; float8_corr, float8_covar_samp, float8_regr_slope and their like read them.
Errors: 22003 for a sum that is too large for a double.';

revoke all on function feature.comoments(double precision, double precision) from public;
grant execute on function feature.comoments(double precision, double precision) to marketbase_worker, marketbase_probe;
