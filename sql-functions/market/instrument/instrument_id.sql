-- From the symbol that people write to the identity that the tables use.
create or replace function market.instrument_id(p_symbol text) returns bigint
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
  nearest text;
begin
  select instrument.instrument_id into found_id
  from market.instrument
  where instrument.symbol = upper(btrim(p_symbol));
  if found_id is not null then
    return found_id;
  end if;

  select string_agg(near.symbol, ', ' order by near.similarity desc, near.symbol) into nearest
  from (
    select instrument.symbol, extensions.similarity(instrument.symbol, left(p_symbol, 32)) as similarity
    from market.instrument
    order by 2 desc, 1
    limit 3
  ) as near;
  raise exception using
    errcode = 'MB002',
    message = case
      when p_symbol is null then 'no symbol was given'
      else format('there is no instrument with the symbol "%s"', left(p_symbol, 32))
    end,
    hint = coalesce('Nearest known symbols: ' || nearest || '. See market.instrument for all.', 'Nothing has been loaded yet: marketbase ingest sample AAPL.');
end
$$;

comment on function market.instrument_id(text) is
'The instrument_id of a symbol, in any case. MB002 with the nearest known symbols as hint when there is none, and for NULL.';

revoke all on function market.instrument_id(text) from public;
grant execute on function market.instrument_id(text) to marketbase_reader;
