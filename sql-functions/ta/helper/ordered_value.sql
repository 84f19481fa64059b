-- Reads a quantile off a window in order.
create or replace function ta.ordered_value(
  held integer[],
  ladder double precision[],
  place integer,
  share double precision
)
returns double precision
language sql
immutable
parallel safe
return case
  when share > 0 then ladder[held[place] / 64] + (ladder[held[place + 1] / 64] - ladder[held[place] / 64]) * share
  else ladder[held[place] / 64]
end;

comment on function ta.ordered_value(integer[], double precision[], integer, double precision) is
$$Helper of ta.window_order: the value at a place of a window, or so far on the way to the next one.
Arguments: held, the marks of the window in order, 64 times the place of a value on the ladder and a rest; ladder, all values in order; place, from 1; share of
the way to the next place, 0 to 1. NULL where there is no such place. Errors: none.$$;

revoke all on function ta.ordered_value(integer[], double precision[], integer, double precision) from public;
grant execute on function ta.ordered_value(integer[], double precision[], integer, double precision) to marketbase_reader;
