-- Measures the cycle of a series by Ehlers' homodyne discriminator.
create or replace function ta.hilbert_cycle(
  kernel text,
  series double precision[],
  skipped integer,
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
  -- Each filter reads its input six bars back; what lies before the first transformed bar is 0.
  smoothed double precision[];
  detrended double precision[];
  quadrature double precision[];
  x double precision;
  scale double precision;
  in_phase double precision;
  in_phase_ahead double precision;
  quadrature_ahead double precision;
  i2 double precision := 0;
  q2 double precision := 0;
  i2_before double precision;
  q2_before double precision;
  re double precision := 0;
  im double precision := 0;
  angle double precision;
  period double precision := 0;
  period_before double precision;
  smooth_period double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  smoothed := array_fill(0::double precision, array[bars]);
  detrended := smoothed;
  quadrature := smoothed;
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > skipped then
        scale := 0.075 * period + 0.54;
        smoothed[i] := (4 * x + 3 * series[i - 1] + 2 * series[i - 2] + series[i - 3]) / 10;
        detrended[i] := (0.0962 * (smoothed[i] - smoothed[i - 6]) + 0.5769 * (smoothed[i - 2] - smoothed[i - 4])) * scale;
        quadrature[i] := (0.0962 * (detrended[i] - detrended[i - 6]) + 0.5769 * (detrended[i - 2] - detrended[i - 4])) * scale;
        in_phase := detrended[i - 3];
        -- Both components advanced by 90 degrees.
        in_phase_ahead := (0.0962 * (in_phase - detrended[i - 9]) + 0.5769 * (detrended[i - 5] - detrended[i - 7])) * scale;
        quadrature_ahead := (0.0962 * (quadrature[i] - quadrature[i - 6]) + 0.5769 * (quadrature[i - 2] - quadrature[i - 4])) * scale;
        -- A still series lets them fade; they end at 0 before their products leave the range of a double.
        i2_before := case when abs(i2) > 1e-140 then i2 else 0 end;
        q2_before := case when abs(q2) > 1e-140 then q2 else 0 end;
        i2 := 0.2 * (in_phase - quadrature_ahead) + 0.8 * i2_before;
        q2 := 0.2 * (quadrature[i] + in_phase_ahead) + 0.8 * q2_before;
        re := 0.2 * (i2 * i2_before + q2 * q2_before) + 0.8 * re;
        im := 0.2 * (i2 * q2_before - q2 * i2_before) + 0.8 * im;
        period_before := period;
        if re <> 0 and im <> 0 then
          angle := atan2(case when re < 0 then -im else im end, abs(re));
          period := least(2 * pi() / case when abs(angle) > 1e-300 then angle end, 1.5 * period_before);
        end if;
        period := greatest(6, least(50, greatest(period, 0.67 * period_before)));
        period := 0.2 * period + 0.8 * period_before;
        smooth_period := 0.33 * period + 0.67 * smooth_period;
        result[i] := case answer
          when 'in phase' then in_phase
          when 'quadrature' then quadrature[i]
          when 'phase' then case when in_phase = 0 then 0 else degrees(atan2(case when in_phase < 0 then -quadrature[i] else quadrature[i] end, abs(in_phase))) end
          when 'period' then period
          when 'smooth period' then smooth_period
        end;
      end if;
    else
      counted := 0;
      i2 := 0;
      q2 := 0;
      re := 0;
      im := 0;
      period := 0;
      smooth_period := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.hilbert_cycle(text, double precision[], integer, text) is
$$Helper of the kernels: Ehlers' Hilbert transform of the series smoothed over four bars, and the period of its dominant cycle.
Arguments: kernel, the name for messages; series; skipped, bars before the first one that is transformed, 12 or more: TA-Lib has 12 for MAMA and
HT_DCPERIOD, 37 for the others;
answer, 'in phase' or 'quadrature', the components of the bar; 'phase', the angle between them in degrees; 'period', the cycle's length in bars, or 'smooth
period', the same averaged.
NULL in the skipped bars and at a NULL, NaN or infinity, after which it begins anew. The first bars after the skipped ones still depend on the zeros that
the filter begins with.
Errors: MB001 for a bad array. Source: TA-Lib's HT functions; Ehlers, Rocket Science for Traders (2001).$$;

revoke all on function ta.hilbert_cycle(text, double precision[], integer, text) from public;
grant execute on function ta.hilbert_cycle(text, double precision[], integer, text) to marketbase_reader;
