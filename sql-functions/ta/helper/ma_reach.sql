-- Says how far back a moving average reaches.
create or replace function ta.ma_reach(
  period integer,
  ma_type integer
)
returns double precision
language sql
immutable
parallel safe
return case
  when period = 1 then 0
  when ma_type in (0, 2, 5) then period - 1
  else 'infinity'::double precision
end;

comment on function ta.ma_reach(integer, integer) is
$$Helper of the kernels, for the last line of their comments: the number of earlier bars that a value of ta.ma(series, period, ma_type) depends on: period - 1
for the types over a window (0 SMA, 2 WMA, 5 TRIMA), infinity for the recursive ones.
Arguments: period in bars; ma_type, the type of moving average. An average of one bar is the series itself.$$;

revoke all on function ta.ma_reach(integer, integer) from public;
grant execute on function ta.ma_reach(integer, integer) to marketbase_reader;
