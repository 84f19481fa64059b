-- What other providers than the one behind the current bar last said of it, on the basis of the current bar.
create or replace function quality.other_statements(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.other_statement
language sql
stable
parallel safe
begin atomic
  select
    current.instrument_id, current.bar_interval, current.ts, current.session_date, current.provider, said.provider, said.said_at,
    array[current.open, current.high, current.low, current.close, current.volume],
    array[said.open * basis.price_factor, said.high * basis.price_factor, said.low * basis.price_factor, said.close * basis.price_factor,
      case when current.volume > 0 and said.volume > 0 then said.volume / basis.price_factor end]
  from (
    select distinct on (statement.instrument_id, statement.bar_interval, statement.ts, statement.provider) statement.*
    from market.price_statement as statement
    where not statement.is_current and statement.instrument_id = any (p_instrument_ids) and statement.ts between p_from and p_to
    order by statement.instrument_id, statement.bar_interval, statement.ts, statement.provider, statement.said_at desc, statement.version desc nulls last
  ) as said
  join market.price_data as current
    on current.instrument_id = said.instrument_id and current.bar_interval = said.bar_interval and current.ts = said.ts and current.provider <> said.provider
  cross join lateral (
    select
      (select coalesce(body.price_basis, provider.price_basis) from ingest.raw_response as body join ingest.provider using (provider)
        where body.raw_response_id = current.raw_response_id) as current_basis,
      (select coalesce(body.price_basis, provider.price_basis) from ingest.raw_response as body join ingest.provider using (provider)
        where body.raw_response_id = said.raw_response_id) as said_basis
  ) as given
  cross join lateral (
    select
      coalesce(exp(sum(ln(action.amount::double precision)) filter (where action.action_type = 'split')), 1) as split_factor,
      count(*) as action_count
    from market.corporate_action as action
    where action.instrument_id = current.instrument_id and action.ex_date > current.session_date and action.amount > 0
  ) as later
  cross join lateral (
    select case
      when given.said_basis = given.current_basis then 1
      when (given.said_basis, given.current_basis) = ('raw', 'split') then 1 / later.split_factor
      when (given.said_basis, given.current_basis) = ('split', 'raw') then later.split_factor
      when later.action_count = 0 then 1
    end as price_factor
  ) as basis
  where basis.price_factor is not null;
end;

comment on function quality.other_statements(bigint[], timestamptz, timestamptz) is
'For the bars from p_from to p_to of which a second provider has spoken: the current values and the last ones of each other provider (open, high, low, close, volume), on the basis of the current provider: prices that are and are not adjusted for
splits are made comparable with the recorded splits. A volume is left out where one sends none. Bars before a split or dividend are left out where one provider adjusts for dividends and the other does not.';

revoke all on function quality.other_statements(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.other_statements(bigint[], timestamptz, timestamptz) to marketbase_worker;
