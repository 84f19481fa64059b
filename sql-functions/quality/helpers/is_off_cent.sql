-- Whether a price is not a whole number of cents.
create or replace function quality.is_off_cent(p_price double precision)
returns boolean
language sql
immutable
parallel safe
return abs(p_price * 100 - round(p_price * 100)) > 0.01;

comment on function quality.is_off_cent(double precision) is
'Whether p_price is not a multiple of 0.01, but for a hundredth of a cent, which is more than prices lose as single-precision numbers up to about 1,000. NULL for NULL.';

revoke all on function quality.is_off_cent(double precision) from public;
grant execute on function quality.is_off_cent(double precision) to marketbase_worker;
