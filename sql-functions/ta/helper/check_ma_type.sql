-- Refuses a type of moving average that does not exist.
create or replace function ta.check_ma_type(
  kernel text,
  argument text,
  ma_type integer
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if ma_type is null or ma_type not between 0 and 8 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a type of moving average from 0 to 8, not %s.', kernel, argument, coalesce(ma_type::text, 'NULL')),
      hint = '0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3.';
  end if;
end
$$;

comment on function ta.check_ma_type(text, text, integer) is
$$Helper of the kernels: raises MB001 unless the argument is one of TA-Lib's types of moving averages (0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA,
7 MAMA (0.5, 0.05), 8 T3 (0.7)). Called once per call of a kernel.
Arguments: kernel and argument, the names for the message; ma_type, the value given. Returns nothing.
Errors: MB001 when ma_type is NULL, below 0 or above 8.$$;

revoke all on function ta.check_ma_type(text, text, integer) from public;
grant execute on function ta.check_ma_type(text, text, integer) to marketbase_reader;
