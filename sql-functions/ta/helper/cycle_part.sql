-- Gives what follows from the dominant cycle of a price: its phase, its sine, the trend without it, or whether there is a trend.
create or replace function ta.cycle_part(
  kernel text,
  series double precision[],
  part text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  -- Until its bar 37 the transform has no values; they are shown from the bar 64 on.
  skipped constant integer := 37;
  hidden constant integer := 63 - skipped;
  result double precision[];
  periods double precision[];
  smooth double precision[];
  -- The sine and the cosine of k turns over n, at n * (n - 1) / 2 + k + 1, for the whole periods n up to 50.
  sines double precision[];
  cosines double precision[];
  period double precision;
  whole integer;
  at integer;
  re double precision;
  im double precision;
  phase_before double precision;
  phase double precision := 0;
  sine_before double precision;
  sine double precision := 0;
  lead_before double precision;
  lead double precision := 0;
  average double precision;
  trendline double precision;
  trend_1 double precision := 0;
  trend_2 double precision := 0;
  trend_3 double precision := 0;
  days integer := 0;
  counted integer := 0;
begin
  periods := ta.hilbert_cycle(kernel, series, skipped, 'smooth period');
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  smooth := array_fill(0::double precision, array[bars]);
  if part <> 'trendline' then
    select array_agg(sin(k * (2 * pi()) / n) order by n, k), array_agg(cos(k * (2 * pi()) / n) order by n, k)
    into sines, cosines
    from generate_series(1, 50) as n
    cross join lateral generate_series(0, n - 1) as k;
  end if;
  for i in skipped + 1..bars loop
    period := periods[i];
    if period is null then
      phase := 0;
      sine := 0;
      lead := 0;
      trend_1 := 0;
      trend_2 := 0;
      trend_3 := 0;
      days := 0;
      counted := 0;
      continue;
    end if;
    counted := counted + 1;
    whole := trunc(period + 0.5);
    smooth[i] := (4 * series[i] + 3 * series[i - 1] + 2 * series[i - 2] + series[i - 3]) / 10;

    if part <> 'trendline' then
      -- One term of the Fourier series over the last period; the smoothing lags by a bar.
      re := 0;
      im := 0;
      at := whole * (whole - 1) / 2 + 1;
      for k in 0..whole - 1 loop
        re := re + sines[at + k] * smooth[i - k];
        im := im + cosines[at + k] * smooth[i - k];
      end loop;
      phase_before := phase;
      phase := case when im = 0 then phase + 90 * sign(re) else degrees(sign(re) * sign(im) * atan2(abs(re), abs(im))) end;
      phase := phase + 90 + 360 / period + case when im < 0 then 180 else 0 end;
      phase := phase - case when phase > 315 then 360 else 0 end;
      sine_before := sine;
      lead_before := lead;
      sine := sin(radians(phase));
      lead := sin(radians(phase + 45));
    end if;

    if part in ('trendline', 'mode') then
      average := 0;
      for k in 0..whole - 1 loop
        average := average + series[i - k];
      end loop;
      average := average / greatest(whole, 1);
      trendline := (4 * average + 3 * trend_1 + 2 * trend_2 + trend_3) / 10;
      trend_3 := trend_2;
      trend_2 := trend_1;
      trend_1 := average;
    end if;

    if part = 'mode' then
      if (sine > lead and sine_before <= lead_before) or (sine < lead and sine_before >= lead_before) then
        days := 0;
      end if;
      days := days + 1;
    end if;

    if counted > hidden then
      result[i] := case part
        when 'phase' then phase
        when 'sine' then sine
        when 'lead' then lead
        when 'trendline' then trendline
        -- A trend, when the price is far from its line; else a cycle, for half a period after the sines cross and while the phase turns as a cycle does.
        when 'mode' then case
          when trendline <> 0 and abs(smooth[i] - trendline) >= 0.015 * abs(trendline) then 1
          when days < 0.5 * period then 0
          when phase - phase_before > 0.67 * 360 / period and phase - phase_before < 1.5 * 360 / period then 0
          else 1
        end
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cycle_part(text, double precision[], text) is
$$Helper of the kernels: what follows from the dominant cycle that ta.hilbert_cycle finds, in one pass over the bars and, at each, over one period of at most 50.
Arguments: kernel, the name for messages; series; part, 'phase' in degrees (-45 to 315), 'sine' of the phase, 'lead', the sine 45 degrees later,
'trendline', or 'mode', 1 for a trend and 0 for a cycle.
NULL at a NULL, NaN or infinity, after which the warm-up of 63 bars begins anew. Errors: MB001 for a bad array.
Source: TA-Lib; Ehlers, Rocket Science for Traders (2001).$$;

revoke all on function ta.cycle_part(text, double precision[], text) from public;
grant execute on function ta.cycle_part(text, double precision[], text) to marketbase_reader;
