-- From what people call an exchange to its code.
create or replace function market.exchange_mic(p_name text) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_name));
  found_mic text;
begin
  select exchange.mic into found_mic
  from market.exchange
  where exchange.mic = given or given = any (exchange.aliases)
  order by exchange.mic <> given, exchange.mic
  limit 1;
  if found_mic is null then
    raise exception using
      errcode = 'MB002',
      message = format('there is no exchange "%s"', coalesce(left(p_name, 32), 'NULL')),
      hint = format('Known are %s, and names such as NYSE, LSE, FX and crypto.', (select string_agg(exchange.mic, ', ' order by exchange.mic) from market.exchange));
  end if;
  return found_mic;
end
$$;

comment on function market.exchange_mic(text) is
'The market identifier code of an exchange, from the code itself or one of its other names (NYSE, LSE, FX, crypto), in any case. MB002 with the known codes as hint for any other name and NULL.';

revoke all on function market.exchange_mic(text) from public;
grant execute on function market.exchange_mic(text) to marketbase_reader;
