-- What whoever brought data in should know, although nothing is wrong.
create or replace function ingest.notices(p_raw_response_ids bigint[]) returns setof text
language sql stable parallel safe
begin atomic
  select format(
    'No calendar of %s (%s) is known, so that every weekday counts as a session for %s: marketbase calendar import FILE brings one.',
    exchange.mic, exchange.name, case when count(*) > 3 then format('%s instruments', count(*)) else string_agg(instrument.symbol, ', ' order by instrument.symbol) end
  )
  from (
    select distinct bar.instrument_id from market.price_data as bar where bar.raw_response_id = any (p_raw_response_ids)
  ) as brought
  join market.instrument using (instrument_id)
  join market.exchange using (mic)
  where exchange.calendar = 'weekdays'
  group by exchange.mic, exchange.name
  order by exchange.mic;
end;

comment on function ingest.notices(bigint[]) is
'Sentences about the bodies p_raw_response_ids: exchanges of their bars of which no calendar is known, so that every weekday counts. No row for NULL or where there is nothing to say.';

revoke all on function ingest.notices(bigint[]) from public;
grant execute on function ingest.notices(bigint[]) to marketbase_worker;
