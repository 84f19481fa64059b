-- Gives the angle of the regression line through the last bars.
create or replace function ta.linearreg_angle(
  series double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[];
begin
  result := ta.window_line('linearreg_angle', series, period, 'slope');
  if series is null then
    return null;
  end if;
  for i in 1..cardinality(series) loop
    if result[i] is not null then
      result[i] := degrees(atan(result[i]));
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.linearreg_angle(double precision[], integer) is
$$Linear regression over time: the angle of the least-squares line through the last period bars, the arc tangent of its slope per bar. Result: as long as
series, in degrees.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib LINEARREG_ANGLE.
lookback: period - 1$$;

revoke all on function ta.linearreg_angle(double precision[], integer) from public;
grant execute on function ta.linearreg_angle(double precision[], integer) to marketbase_reader;
