-- The exchange that a provider names, where marketbase knows it.
create or replace function ingest.known_mic(p_mic text, p_time_zone text default null) returns text
language sql stable parallel safe
begin atomic
  select coalesce(
    (
      select exchange.mic
      from market.exchange
      where exchange.mic = case
        when p_mic in ('XNGS', 'XNMS', 'XNCM') then 'XNAS'
        when p_mic = 'XASE' then 'XNYS'
        when p_mic in ('PINX', 'PSGM', 'OTCB', 'OTCQ', 'OTCM') then 'OTCM'
        else p_mic
      end
    ),
    (
      select min(exchange.mic)
      from market.exchange
      where exchange.time_zone = p_time_zone and p_time_zone not in ('America/New_York', 'UTC') and exchange.mic not in ('XOFF', 'XXXX')
    ),
    case when p_time_zone not in ('America/New_York', 'UTC') then 'XOFF' end
  );
end;

comment on function ingest.known_mic(text, text) is
'The exchange with the market identifier code p_mic, its segments counting as the exchange they belong to; where market.exchange does not have it, one in the time zone p_time_zone, else XOFF.
NULL where neither tells: no code, and New York (one of several exchanges), UTC or NULL as the zone.';

revoke all on function ingest.known_mic(text, text) from public;
grant execute on function ingest.known_mic(text, text) to marketbase_worker;
