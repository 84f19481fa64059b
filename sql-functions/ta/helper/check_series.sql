-- Refuses an array that is not a plain series of the length that a kernel expects.
create or replace function ta.check_series(
  kernel text,
  argument text,
  series double precision[],
  bars integer
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if cardinality(series) <> bars then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s has %s bars where the other arrays have %s.', kernel, argument, cardinality(series), bars),
      hint = 'Build all arrays of one call from the same rows, NULL where a value is missing.';
  end if;
  if array_ndims(series) > 1 or array_lower(series, 1) <> 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a one-dimensional array that begins at index 1.', kernel, argument),
      hint = 'Build it with array_agg(value order by ts).';
  end if;
end
$$;

comment on function ta.check_series(text, text, double precision[], integer) is
$$Helper of the kernels: raises MB001 unless the array is one-dimensional, begins at index 1 and has the expected number of bars. Called once per array and
call of a kernel.
Arguments: kernel and argument, the names for the message; series, the array given; bars, the number of bars that it must have. NULL passes. Returns
nothing.
Errors: MB001 for another length, more than one dimension, another first index.$$;

revoke all on function ta.check_series(text, text, double precision[], integer) from public;
grant execute on function ta.check_series(text, text, double precision[], integer) to marketbase_reader;
