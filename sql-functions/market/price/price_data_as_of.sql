-- The bars as they could be known at a moment.
create or replace function market.price_data_as_of(
  p_symbol text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.price_data_version
language sql stable parallel safe
begin atomic
  select version.*
  from market.price_data_version version
  where version.instrument_id = market.instrument_id(p_symbol)
    and version.bar_interval = p_bar_interval
    and version.known_from <= p_as_of
    and (version.known_to is null or p_as_of < version.known_to)
    and (p_from is null or version.session_date >= p_from)
    and (p_to is null or version.session_date <= p_to)
  order by version.ts;
end;

comment on function market.price_data_as_of(text, timestamptz, date, date, text) is
'Bars of a symbol as they could be known at p_as_of (known_from <= p_as_of < known_to), from p_from to p_to by session date, both included, NULL for no limit; daily bars unless p_bar_interval says otherwise.
Sessions that had not closed by then are absent. MB002 for an unknown symbol.';

revoke all on function market.price_data_as_of(text, timestamptz, date, date, text) from public;
grant execute on function market.price_data_as_of(text, timestamptz, date, date, text) to marketbase_reader;
