-- The instrument that had a ticker while it was a member.
create or replace function market.member_instrument_id(p_run_id bigint, p_symbol text, p_from date, p_to date) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
begin
  select identifier.instrument_id into found_id
  from market.instrument_identifier as identifier
  where identifier.kind = 'symbol' and identifier.value = p_symbol and identifier.known_to is null
    and daterange(identifier.valid_from, identifier.valid_to) && daterange(p_from, p_to)
  -- Who had it longest in that time: a ticker may pass on in the middle of a spell.
  order by least(identifier.valid_to, p_to, date '9999-01-01') - greatest(identifier.valid_from, p_from) desc, identifier.valid_from
  limit 1;
  if found_id is not null then
    return found_id;
  end if;
  -- Nobody had it then: it was the ticker of an instrument that is not known here yet.
  insert into market.instrument (symbol, run_id)
  select name.symbol, p_run_id
  from (
    select n, case n when 0 then p_symbol else format('%s.%s', p_symbol, n) end as symbol from generate_series(0, 99) as n
  ) as name
  where not exists (select from market.instrument as other where other.symbol = name.symbol)
  order by name.n
  limit 1
  returning instrument_id into found_id;
  if market.identifier_at(found_id, 'symbol', p_from) is distinct from p_symbol then
    perform market.set_identifier(p_run_id, found_id, 'symbol', p_symbol, p_from, p_to);
  end if;
  return found_id;
end
$$;

comment on function market.member_instrument_id(bigint, text, date, date) is
'The instrument that had the ticker p_symbol from p_from to the day before p_to, or most of that time, as now known; a new one where nobody had it then, which goes by p_symbol.1 (or .2 …) where somebody has the ticker today. p_run_id: run that adds it.';

revoke all on function market.member_instrument_id(bigint, text, date, date) from public;
grant execute on function market.member_instrument_id(bigint, text, date, date) to marketbase_worker;
