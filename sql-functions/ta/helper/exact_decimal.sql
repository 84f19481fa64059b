-- Turns a double into the decimal number that exact window sums are made of.
create or replace function ta.exact_decimal(
  value double precision
)
returns numeric
language sql
immutable
parallel safe
return case
  when abs(value) < 9e15 then trunc(value)::bigint + (value - trunc(value))::text::numeric
  when abs(value) < 'infinity' then value::text::numeric
end;

comment on function ta.exact_decimal(double precision) is
$$Helper of the kernels: the decimal number of a double, for sums that are exact and therefore do not depend on what left the window.
The integer part is exact; the fraction is its shortest text that reads back as the same double (an error below 1e-16 times the fraction).
Arguments: value, in any unit. NULL, NaN and infinity give NULL. Errors: none.$$;

revoke all on function ta.exact_decimal(double precision) from public;
grant execute on function ta.exact_decimal(double precision) to marketbase_reader;
