-- The splits, dividends and spin-offs of an instrument as they were known at a moment, per share of their day.
create or replace function market.known_actions(p_instrument_id bigint, p_as_of timestamptz default now())
returns table (action_type text, ex_date date, amount double precision, known_from timestamptz, provider text)
language sql stable parallel safe
rows 50
begin atomic
  with version as materialized (
    select
      action.*, response.fetched_at,
      -- least would take no notice of NULL.
      case
        when source.amounts_adjusted_to is not null then least(source.amounts_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
      end as amount_basis,
      (p_as_of at time zone exchange.time_zone)::date as as_of_date,
      -- Prices in pence go with dividends in pounds.
      case
        when action.action_type = 'split' or action.currency = instrument.currency then 1
        when (action.currency, instrument.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 100
        when (instrument.currency, action.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 0.01
      end::double precision as unit
    from market.corporate_action_version as action
    join market.instrument using (instrument_id)
    join market.exchange using (mic)
    join ingest.provider as source on source.provider = action.provider
    join ingest.raw_response as response on response.raw_response_id = action.raw_response_id
    where action.instrument_id = p_instrument_id
  )
  select
    version.action_type, version.ex_date,
    version.amount::double precision * version.unit * case
      when version.action_type = 'split' or version.amount_basis is null then 1
      else (
        select market.product(split.amount::double precision)
        from version as split
        where split.action_type = 'split' and split.ex_date > version.ex_date and split.ex_date <= version.amount_basis
          and split.known_from <= version.fetched_at and (split.known_to is null or version.fetched_at < split.known_to)
      )
    end,
    version.known_from, version.provider
  from version
  where version.known_from <= p_as_of and (version.known_to is null or p_as_of < version.known_to)
    and version.ex_date <= version.as_of_date
    and version.unit is not null
  order by version.ex_date, version.action_type;
end;

comment on function market.known_actions(bigint, timestamptz) is
'Splits (new shares per old share), dividends and spin-offs (in the currency of the instrument, per share of the ex-date, also where the provider gives them per share of today) with an ex-date up to p_as_of, as known then.
What is given in a currency other than that of the prices is left out; pounds and pence, rand and cents, shekels and agorot go together. No row for an unknown instrument or NULL.';

revoke all on function market.known_actions(bigint, timestamptz) from public;
grant execute on function market.known_actions(bigint, timestamptz) to marketbase_reader;
