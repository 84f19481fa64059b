-- Refuses a factor that a kernel cannot use.
create or replace function ta.check_number(
  kernel text,
  argument text,
  factor double precision
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if factor is null or factor in ('NaN', 'infinity', '-infinity') then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a finite number, not %s.', kernel, argument, coalesce(factor::text, 'NULL')),
      hint = format('Call the kernel with a finite number for %s.', argument);
  end if;
end
$$;

comment on function ta.check_number(text, text, double precision) is
$$Helper of the kernels: raises MB001 unless the argument is a finite number. Called once per call of a kernel.
Arguments: kernel and argument, the names for the message; factor, the value given. Returns nothing.
Errors: MB001 when factor is NULL, NaN or infinite.$$;

revoke all on function ta.check_number(text, text, double precision) from public;
grant execute on function ta.check_number(text, text, double precision) to marketbase_reader;
