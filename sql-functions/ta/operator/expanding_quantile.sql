-- Gives a quantile of all bars so far: qlib's Quantile over an expanding window.
create or replace function ta.expanding_quantile(
  series double precision[],
  quantile double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number('expanding_quantile', 'quantile', quantile);
  if quantile not between 0 and 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.expanding_quantile: quantile must be a fraction from 0 to 1, not %s.', quantile),
      hint = 'Write 0.8 for the value that four fifths of the window do not exceed.';
  end if;
  return ta.window_order('expanding_quantile', series, array[greatest(cardinality(series), 1)], array[quantile]);
end
$$;

comment on function ta.expanding_quantile(double precision[], double precision) is
$$Quantile of all values so far (qlib Quantile with N = 0), interpolated between neighbours. Result: as long as series, in its unit.
Arguments: series; quantile, a fraction from 0 to 1.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad quantile or array.
lookback: unbounded$$;

revoke all on function ta.expanding_quantile(double precision[], double precision) from public;
grant execute on function ta.expanding_quantile(double precision[], double precision) to marketbase_reader;
