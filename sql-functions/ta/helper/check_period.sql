-- Refuses a period, or another whole-number argument, that a kernel cannot use.
create or replace function ta.check_period(
  kernel text,
  argument text,
  period integer,
  smallest integer
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if period is null or period < smallest then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a whole number of at least %s, not %s.', kernel, argument, smallest, coalesce(period::text, 'NULL')),
      hint = format('Call the kernel with %s => %s or more.', argument, smallest);
  end if;
end
$$;

comment on function ta.check_period(text, text, integer, integer) is
$$Helper of the kernels: raises MB001 unless the argument is a whole number of at least the smallest one that makes sense. Called once per call of a kernel.
Arguments: kernel and argument, the names for the message; period, the value given; smallest, the least value accepted. Returns nothing.
Errors: MB001 when period is NULL or below smallest.$$;

revoke all on function ta.check_period(text, text, integer, integer) from public;
grant execute on function ta.check_period(text, text, integer, integer) to marketbase_reader;
