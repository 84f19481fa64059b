-- Gives the values of some bars ago.
create or replace function ta.window_shift(
  kernel text,
  series double precision[],
  lag integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period(kernel, 'lag', lag, 1);
  perform ta.check_series(kernel, 'series', series, cardinality(series));
  return ta.ref(series, lag);
end
$$;

comment on function ta.window_shift(text, double precision[], integer) is
$$Helper of the kernels: ta.ref under the name of the kernel that calls it.
Arguments: kernel, the name for messages; series; lag in bars, 1 or more. NULL for NULL. Errors: MB001 for a bad lag or array.$$;

revoke all on function ta.window_shift(text, double precision[], integer) from public;
grant execute on function ta.window_shift(text, double precision[], integer) to marketbase_reader;
