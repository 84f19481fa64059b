-- Bars of a length that cannot be told, or is not kept, are refused.
create or replace function ingest.require_interval(p_bar_interval text, p_given text) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_bar_interval is null then
    raise exception using
      errcode = 'MB004',
      message = case when p_given is null then 'the body does not tell how long its bars are' else format('bars of length "%s" are not kept', left(p_given, 40)) end,
      hint = 'Ask for bars of 1m to 1mo, with the length in the address.';
  end if;
  return p_bar_interval;
end
$$;

comment on function ingest.require_interval(text, text) is
'p_bar_interval, or MB004 when it is NULL: the length that the body or its address gives (p_given) is not kept, or, with NULL, none is given.';

revoke all on function ingest.require_interval(text, text) from public;
grant execute on function ingest.require_interval(text, text) to marketbase_worker;
