-- What a name such as 4h or 1mo means.
create or replace function market.bar_length(p_bar_interval text) returns interval
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  short constant text[] := regexp_match(lower(btrim(p_bar_interval)), '^(\d{1,4}) ?(m|h|d|w|mo|q|y)$');
  length interval;
begin
  length := case
    when short is null then p_bar_interval::interval
    else make_interval(
      mins => case when short[2] = 'm' then short[1]::integer else 0 end,
      hours => case when short[2] = 'h' then short[1]::integer else 0 end,
      days => case short[2] when 'd' then short[1]::integer when 'w' then 7 * short[1]::integer else 0 end,
      months => case short[2] when 'mo' then short[1]::integer when 'q' then 3 * short[1]::integer when 'y' then 12 * short[1]::integer else 0 end
    )
  end;
  if length in (interval '1 day', interval '7 days', interval '1 month', interval '3 months', interval '6 months', interval '1 year')
    or (length >= interval '1 minute' and length < interval '1 day' and extract(epoch from length)::numeric % 60 = 0) then
    return length;
  end if;
  raise sqlstate '22007';
exception
  when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a length of bars.', left(p_bar_interval, 40)),
      hint = 'Write whole minutes or hours of less than a day, such as 5m, 4h or 90 minutes, or 1d, 1w, 1mo, 1q, 1y.';
end
$$;

comment on function market.bar_length(text) is
'The length of bars that is meant by p_bar_interval: 5m, 1h, 1d, 1w, 1mo, 1q, 1y or an interval such as 90 minutes. Less than a day in whole minutes, else one day, one week or 1, 3, 6 or 12 months.
MB001 for any other length and for NULL.';

revoke all on function market.bar_length(text) from public;
grant execute on function market.bar_length(text) to marketbase_reader;
