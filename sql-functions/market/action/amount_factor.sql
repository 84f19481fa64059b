-- From the dividend that a provider gives to that of the ex-date.
create or replace function market.amount_factor(p_instrument_id bigint, p_ex_date date, p_raw_response_id bigint) returns double precision
language sql stable strict parallel safe
begin atomic
  select coalesce((
    select market.product(split.amount::double precision)
    from ingest.raw_response response
    join ingest.provider source on source.provider = response.provider and source.amounts_adjusted_to is not null
    join market.instrument on instrument.instrument_id = p_instrument_id
    join market.exchange using (mic)
    join market.corporate_action_version split
      on split.instrument_id = p_instrument_id and split.action_type = 'split' and split.ex_date > p_ex_date
      and split.ex_date <= least(source.amounts_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
      and split.known_from <= response.fetched_at and (split.known_to is null or response.fetched_at < split.known_to)
    where response.raw_response_id = p_raw_response_id
  ), 1);
end;

comment on function market.amount_factor(bigint, date, bigint) is
'By what the amount of a dividend of p_ex_date in the body p_raw_response_id has to be multiplied to be cash per share of the ex-date: the product of the splits after it that its provider had counted (ingest.provider.amounts_adjusted_to), as known when the body
arrived; 1 where the provider gives amounts per share of the ex-date. market.known_actions reads amounts in the same way. NULL for NULL.';

revoke all on function market.amount_factor(bigint, date, bigint) from public;
grant execute on function market.amount_factor(bigint, date, bigint) to marketbase_reader;
