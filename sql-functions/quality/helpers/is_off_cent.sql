-- Whether a price is not a whole number of cents.
create or replace function quality.is_off_cent(p_price double precision)
returns boolean
language sql
immutable
parallel safe
return abs(p_price * 100 - round(p_price * 100)) > 0.0001;

comment on function quality.is_off_cent(double precision) is
'Whether p_price is not a multiple of 0.01, but for rounding up to a millionth. NULL for NULL.';

revoke all on function quality.is_off_cent(double precision) from public;
grant execute on function quality.is_off_cent(double precision) to marketbase_worker;
