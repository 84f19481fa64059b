-- Providers say the same of a split or dividend.
create or replace function quality.rule_action_sources_agree(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with said as (
    select distinct on (other.instrument_id, other.action_type, other.ex_date, other.provider) other.*
    from market.corporate_action_observation as other
    where other.instrument_id = any (p_instrument_ids) and other.ex_date::timestamp at time zone 'UTC' between p_from and p_to
    order by other.instrument_id, other.action_type, other.ex_date, other.provider, other.known_from desc
  )
  select
    null::bigint,
    current.instrument_id,
    current.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', current.ex_date, 'action_type', current.action_type),
    jsonb_object_agg(said.provider, said.amount) || jsonb_build_object(current.provider, current.amount),
    'amounts of all providers within the tolerance',
    format(
      'Of the %s of %s, %s where %s says %s.', current.action_type, current.ex_date,
      string_agg(
        case when said.amount is null then format('%s no longer lists it', said.provider) else format('%s says %s', said.provider, trim_scale(said.amount)) end,
        ', ' order by said.provider
      ),
      current.provider, trim_scale(current.amount)
    )
  from said
  join market.corporate_action as current
    on current.instrument_id = said.instrument_id
    and current.action_type = said.action_type
    and current.ex_date = said.ex_date
    and current.provider <> said.provider
  join ingest.provider as current_provider on current_provider.provider = current.provider
  join ingest.provider as said_provider on said_provider.provider = said.provider
  where said_provider.amounts_adjusted_to is not distinct from current_provider.amounts_adjusted_to
    and (said.amount is null or abs(said.amount - current.amount) > (p_parameters ->> 'tolerance')::numeric * current.amount)
  group by current.instrument_id, current.action_type, current.ex_date, current.provider, current.amount;
end;

comment on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) is
'Splits and dividends on record of which another provider last said another amount, by more than tolerance as a part of it, or which another provider no longer lists; providers whose amounts are on different bases (ingest.provider.amounts_adjusted_to) are not compared.';

revoke all on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_sources_agree', 'price_data', 'actions', 'warning', '{"tolerance": 0.02}',
  'Two providers say different things of the same split or dividend; the one with the better priority is current.',
  'Look the action up; change ingest.provider.priority, or correct it with a file (marketbase import).',
  'compared_action'
);
