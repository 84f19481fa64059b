-- Gives %K or %D of the stochastic oscillator.
create or replace function ta.stochastic(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer,
  slow_k integer,
  slow_d integer,
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
  line double precision[];
  signal double precision[];
begin
  perform ta.check_period(kernel, 'fast_k', fast_k, 1);
  perform ta.check_period(kernel, case when kernel like 'stochf%' then 'fast_k' else 'slow_k' end, slow_k, 1);
  perform ta.check_period(kernel, case when kernel like 'stochf%' then 'fast_d' else 'slow_d' end, slow_d, 1);
  line := ta.window_sum(kernel, ta.range_position(kernel, high, low, close, fast_k, false), slow_k, slow_k, true);
  signal := ta.window_sum(kernel, line, slow_d, slow_d, true);
  if line is null then
    return null;
  end if;
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

comment on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) is
$$Helper of the kernels: the stochastic oscillator, smoothed by simple averages: %K of slow_k bars, %D of slow_d bars over %K. Both begin at the same bar.
Arguments: kernel, the name for messages; high, low, close; fast_k, bars of the range; slow_k and slow_d, bars of the averages; answer, 'k' or 'd'.
NULL while any window has a NULL, NaN or infinity. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) from public;
grant execute on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) to marketbase_reader;
