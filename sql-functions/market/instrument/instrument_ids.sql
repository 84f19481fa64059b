-- Several symbols at once; nothing means all.
create or replace function market.instrument_ids(p_symbols text[]) returns bigint[]
language sql stable parallel safe
begin atomic
  select case
    when p_symbols is null then (select array_agg(instrument.instrument_id order by instrument.instrument_id) from market.instrument)
    else (select array_agg(market.instrument_id(symbol) order by position) from unnest(p_symbols) with ordinality as given (symbol, position))
  end;
end;

comment on function market.instrument_ids(text[]) is
'The instrument_ids of symbols, in their order; of all instruments for NULL. NULL when there are none. MB002 for a symbol that is not known.';

revoke all on function market.instrument_ids(text[]) from public;
grant execute on function market.instrument_ids(text[]) to marketbase_reader;
