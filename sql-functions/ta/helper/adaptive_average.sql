-- Gives Ehlers' MESA adaptive moving average or the average that follows it.
create or replace function ta.adaptive_average(
  kernel text,
  series double precision[],
  fast_limit double precision,
  slow_limit double precision,
  answer text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[];
  phases double precision[];
  phase double precision;
  phase_before double precision := 0;
  weight double precision;
  average double precision := 0;
  following double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_number(kernel, 'fast_limit', fast_limit);
  perform ta.check_number(kernel, 'slow_limit', slow_limit);
  phases := ta.hilbert_cycle(kernel, series, 12, 'phase');
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach phase in array phases loop
    i := i + 1;
    if phase is not null then
      counted := counted + 1;
      weight := case when phase_before - phase > 1 then greatest(fast_limit / (phase_before - phase), slow_limit) else fast_limit end;
      average := average + case when abs(series[i] - average) > 1e-290 then weight * (series[i] - average) else series[i] - average end;
      following := following + case when abs(average - following) > 1e-290 then weight / 2 * (average - following) else average - following end;
      phase_before := phase;
      if counted > 20 then
        result[i] := case answer when 'mama' then average else following end;
      end if;
    else
      counted := 0;
      phase_before := 0;
      average := 0;
      following := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.adaptive_average(text, double precision[], double precision, double precision, text) is
$$Helper of the kernels: the exponential average whose weight is fast_limit divided by the change of the cycle's phase in degrees, but not below slow_limit;
and the same average of it with half the weight. Both begin with 0 at the 13th bar and are shown from the 33rd.
Arguments: kernel, the name for messages; series; fast_limit and slow_limit, weights; answer, 'mama' or 'fama'.
NULL at a NULL, NaN or infinity, after which the warm-up of 32 bars begins anew. Errors: MB001 for a bad number or array.$$;

revoke all on function ta.adaptive_average(text, double precision[], double precision, double precision, text) from public;
grant execute on function ta.adaptive_average(text, double precision[], double precision, double precision, text) to marketbase_reader;
