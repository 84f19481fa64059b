-- Gives the number of bars before the first value of a moving average.
create or replace function ta.ma_warm_up(
  period integer,
  ma_type integer
)
returns integer
language sql
immutable
parallel safe
return case
  when period = 1 then 0
  when ma_type = 3 then 2 * (period - 1)
  when ma_type = 4 then 3 * (period - 1)
  when ma_type = 6 then period
  when ma_type = 7 then 32
  when ma_type = 8 then 6 * (period - 1)
  else period - 1
end;

comment on function ta.ma_warm_up(integer, integer) is
$$Helper of the kernels: the number of bars before the first value of ta.ma(series, period, ma_type).
Arguments: period in bars; ma_type, 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3. An average of one bar is the series itself.$$;

revoke all on function ta.ma_warm_up(integer, integer) from public;
grant execute on function ta.ma_warm_up(integer, integer) to marketbase_reader;
