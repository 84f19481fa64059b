-- The factors of several splits make one.
create or replace aggregate market.product(double precision) (
  sfunc = float8mul,
  stype = double precision,
  initcond = '1',
  parallel = safe
);

comment on aggregate market.product(double precision) is 'The product of numbers, NULLs left out; 1 for none.';

revoke all on function market.product(double precision) from public;
grant execute on function market.product(double precision) to marketbase_reader;
