-- Refuses a penetration that a candlestick pattern cannot use.
create or replace function ta.check_penetration(
  kernel text,
  penetration double precision
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number(kernel, 'penetration', penetration);
  if penetration < 0 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: penetration must be at least 0, not %s.', kernel, penetration),
      hint = 'Call the kernel with a part of the first body, such as penetration => 0.3.';
  end if;
end
$$;

comment on function ta.check_penetration(text, double precision) is
$$Helper of the kernels: raises MB001 unless the penetration is a finite number of at least 0. Called once per call of a kernel.
Arguments: kernel, the name for messages; penetration, the value given. Returns nothing.
Errors: MB001 when penetration is NULL, NaN, infinite or negative.$$;

revoke all on function ta.check_penetration(text, double precision) from public;
grant execute on function ta.check_penetration(text, double precision) to marketbase_reader;
