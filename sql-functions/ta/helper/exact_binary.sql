-- Turns a double into numeric without any rounding.
create or replace function ta.exact_binary(
  value double precision
)
returns numeric
language sql
immutable
parallel safe
return case
  -- 2^62 times the fraction is a whole number; the factor is 2^-62.
  when abs(value) < 9e15 and (abs(value) > 0.002 or value = 0) then
    trunc(value)::bigint + ((value - trunc(value)) * 4611686018427387904)::bigint * 0.00000000000000000021684043449710088680149056017398834228515625
  when abs(value) < 'infinity' then value::text::numeric
end;

comment on function ta.exact_binary(double precision) is
$$Helper of the kernels: a double as numeric, bit for bit where its magnitude is between 0.002 and 9e15, else by its shortest text.
Arguments: value, in any unit. NULL, NaN and infinity give NULL. Errors: none.$$;

revoke all on function ta.exact_binary(double precision) from public;
grant execute on function ta.exact_binary(double precision) to marketbase_reader;
