-- Says whether there is a series, and refuses one that is not plain.
create or replace function ta.is_series(
  kernel text,
  argument text,
  series double precision[],
  bars integer
)
returns boolean
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_series(kernel, argument, series, bars);
  return series is not null;
end
$$;

comment on function ta.is_series(text, text, double precision[], integer) is
$$Helper of the kernels that are one expression of SQL: true for a series that ta.check_series lets pass, false for NULL.
Arguments: kernel and argument, the names for the message; series, the array given; bars, the number of bars that it must have, NULL for any.
Errors: MB001 for another length, more than one dimension, another first index.$$;

revoke all on function ta.is_series(text, text, double precision[], integer) from public;
grant execute on function ta.is_series(text, text, double precision[], integer) to marketbase_reader;
