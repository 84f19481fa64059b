-- Says how many bars a moving average needs before its first value.
create or replace function ta.moving_average_warm_up(
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

comment on function ta.moving_average_warm_up(integer, integer) is
$$Helper of the kernels: the bars before the first value of ta.moving_average.
Arguments: period in bars; ma_type (0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA (0.5, 0.05), 8 T3 (0.7)). NULL for NULL. Errors: none.
Source: TA-Lib MA_Lookback with unstable periods of 0.$$;

revoke all on function ta.moving_average_warm_up(integer, integer) from public;
grant execute on function ta.moving_average_warm_up(integer, integer) to marketbase_reader;
