-- Gives Wilder's parabolic stop and reverse.
create or replace function ta.parabolic_stop(
  kernel text,
  high double precision[],
  low double precision[],
  start_value double precision,
  offset_on_reverse double precision,
  acceleration_init_long double precision,
  acceleration_long double precision,
  acceleration_max_long double precision,
  acceleration_init_short double precision,
  acceleration_short double precision,
  acceleration_max_short double precision,
  signed boolean
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  result double precision[];
  init_long constant double precision := least(acceleration_init_long, acceleration_max_long);
  step_long constant double precision := least(acceleration_long, acceleration_max_long);
  init_short constant double precision := least(acceleration_init_short, acceleration_max_short);
  step_short constant double precision := least(acceleration_short, acceleration_max_short);
  acceleration double precision;
  stop double precision;
  extreme double precision;
  is_long boolean;
  top double precision;
  bottom double precision;
  top_before double precision;
  bottom_before double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_number(kernel, 'start_value', start_value);
  perform ta.check_number(kernel, 'offset_on_reverse', offset_on_reverse);
  perform ta.check_number(kernel, 'acceleration_init_long', acceleration_init_long);
  perform ta.check_number(kernel, 'acceleration_long', acceleration_long);
  perform ta.check_number(kernel, 'acceleration_max_long', acceleration_max_long);
  perform ta.check_number(kernel, 'acceleration_init_short', acceleration_init_short);
  perform ta.check_number(kernel, 'acceleration_short', acceleration_short);
  perform ta.check_number(kernel, 'acceleration_max_short', acceleration_max_short);
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach top in array high loop
    i := i + 1;
    bottom := low[i];
    if abs(top) < 'infinity' and abs(bottom) < 'infinity' then
      counted := counted + 1;
      if counted = 2 then
        -- The first side is against the larger of the two directional movements; there is no bar before the first one to bound its stop.
        is_long := case
          when start_value = 0 then not (bottom_before - bottom > 0 and bottom_before - bottom > top - top_before)
          else start_value > 0
        end;
        extreme := case when is_long then top else bottom end;
        stop := case when start_value <> 0 then abs(start_value) when is_long then bottom_before else top_before end;
        acceleration := case when is_long then init_long else init_short end;
        top_before := top;
        bottom_before := bottom;
      end if;
      if counted > 1 then
        if is_long and bottom <= stop then
          is_long := false;
          stop := greatest(extreme, top_before, top);
          stop := stop + stop * offset_on_reverse;
          result[i] := case when signed then -stop else stop end;
          acceleration := init_short;
          extreme := bottom;
        elsif is_long then
          result[i] := stop;
          if top > extreme then
            extreme := top;
            acceleration := least(acceleration + step_long, acceleration_max_long);
          end if;
        elsif top >= stop then
          is_long := true;
          stop := least(extreme, bottom_before, bottom);
          stop := stop - stop * offset_on_reverse;
          result[i] := stop;
          acceleration := init_long;
          extreme := top;
        else
          result[i] := case when signed then -stop else stop end;
          if bottom < extreme then
            extreme := bottom;
            acceleration := least(acceleration + step_short, acceleration_max_short);
          end if;
        end if;
        -- A distance that fades out of a double's range is closed, because PostgreSQL refuses to round it to 0.
        stop := case when abs(extreme - stop) > 1e-290 then stop + acceleration * (extreme - stop) else extreme end;
        stop := case when is_long then least(stop, bottom_before, bottom) else greatest(stop, top_before, top) end;
      end if;
      top_before := top;
      bottom_before := bottom;
    else
      counted := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.parabolic_stop(
  text, double precision[], double precision[], double precision, double precision, double precision, double precision,
  double precision, double precision, double precision, double precision, boolean
) is
$$Helper of the kernels: the parabolic stop: it follows the price by a growing part of the distance to the extreme of the move, and changes sides when the
price meets it.
Arguments: kernel, the name for messages; high, low; start_value, the first stop, positive for a long, negative for a short start, 0 to take side and stop
from the first two bars;
offset_on_reverse, moves the stop away by this fraction when it changes sides; the first acceleration, its step and its greatest value, for long and for
short; signed, negative while short.
NULL at a NULL, NaN or infinity, after which it begins anew with two bars. Errors: MB001 for a bad number or arrays.$$;

revoke all on function ta.parabolic_stop(text, double precision[], double precision[], double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, boolean) from public;
grant execute on function ta.parabolic_stop(text, double precision[], double precision[], double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, boolean) to marketbase_reader;
