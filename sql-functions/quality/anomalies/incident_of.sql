-- The known incident in which a row lies.
create or replace function quality.incident_of(p_dataset text, p_instrument_id bigint, p_ts timestamptz, p_provider text)
returns bigint
language sql
stable
parallel safe
return (
  select min(incident.known_incident_id)
  from quality.known_incident as incident
  where incident.withdrawn_at is null
    and incident.dataset = case p_dataset
      when 'candidate_bar' then 'price_data'
      when 'candidate_fact' then 'company_fundamental'
      when 'online_vector' then 'feature_vector'
      else p_dataset
    end
    and coalesce(p_ts, now()) between incident.from_ts and incident.to_ts
    and (incident.instrument_id is null or incident.instrument_id = p_instrument_id)
    and (
      incident.provider is null
      or incident.provider = p_provider
      or exists (
        select
        from market.price_data as bar
        where p_dataset = 'price_data'
          and bar.instrument_id = p_instrument_id
          and bar.bar_interval in ('1d', '1w')
          and bar.ts = p_ts
          and bar.provider = incident.provider
      )
      or exists (
        select
        from market.company_fundamental as fact
        where p_dataset = 'company_fundamental'
          and fact.instrument_id = p_instrument_id
          and fact.period_end = (p_ts at time zone 'UTC')::date
          and fact.provider = incident.provider
      )
    )
);

comment on function quality.incident_of(text, bigint, timestamptz, text) is
E'@behavior -*\nThe first incident on record (quality.known_incident, not withdrawn) that covers a row of the dataset of a rule p_dataset, of the instrument p_instrument_id and the provider p_provider, at p_ts; NULL for none. This is what masks a finding, for every rule that is a function. Candidates belong to the dataset in which they would be stored, online vectors to feature_vector. A finding without a time is about now. Where p_provider is NULL that of the stored bar or fact counts; a missing bar has none.';

revoke all on function quality.incident_of(text, bigint, timestamptz, text) from public;
grant execute on function quality.incident_of(text, bigint, timestamptz, text) to marketbase_worker, marketbase_author;
