-- Gives %K or %D of the stochastic oscillator.
create or replace function ta.stochastic(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer,
  slow_k integer,
  slow_d integer,
  slow_k_ma_type integer,
  slow_d_ma_type integer,
  answer text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  -- The fast oscillators have one average, which they call fast_d.
  second constant text := case when kernel like 'stoch\_%' then 'slow_d' else 'fast_d' end;
  line double precision[];
  signal double precision[];
begin
  perform ta.check_period(kernel, 'fast_k', fast_k, 1);
  perform ta.check_period(kernel, 'slow_k', slow_k, 1);
  perform ta.check_period(kernel, second, slow_d, 1);
  perform ta.check_ma_type(kernel, 'slow_k_ma_type', slow_k_ma_type);
  perform ta.check_ma_type(kernel, second || '_ma_type', slow_d_ma_type);
  line := ta.range_position(kernel, high, low, close, fast_k, false);
  if line is null then
    return null;
  end if;
  line := ta.ma(line, slow_k, slow_k_ma_type);
  signal := ta.ma(line, slow_d, slow_d_ma_type);
  if answer = 'k' then
    for i in 1..bars loop
      if signal[i] is null then
        line[i] := null;
      end if;
    end loop;
    return line;
  end if;
  return signal;
end
$$;

comment on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, integer, integer, text) is
$$Helper of the kernels: the stochastic oscillator: %K, averaged over slow_k bars, and %D, the average of %K over slow_d bars. Both begin at the same bar.
Arguments: kernel, the name for messages; high, low, close; fast_k, bars of the range; slow_k and slow_d, bars of the averages; slow_k_ma_type and
slow_d_ma_type, their types, see ta.ma; answer, 'k' or 'd'.
NULL while any window has a NULL, NaN or infinity; recursive averages begin their warm-up anew after it. Errors: MB001 for a bad period, type or arrays.$$;

revoke all on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, integer, integer, text)
from public;
grant execute on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, integer, integer, text)
to marketbase_reader;
