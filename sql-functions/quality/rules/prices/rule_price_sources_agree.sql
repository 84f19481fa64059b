-- Providers say the same of a bar.
create or replace function quality.rule_price_sources_agree(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    difference.instrument_id,
    difference.ts,
    jsonb_build_object('session_date', difference.session_date, 'bar_interval', difference.bar_interval),
    jsonb_object_agg(difference.provider || ' ' || difference.field, difference.value)
      || jsonb_object_agg(difference.current_provider || ' ' || difference.field, difference.current_value),
    'values of all providers within the tolerance of each field',
    format(
      'Of the bar of %s (%s), %s.', difference.session_date, difference.bar_interval,
      string_agg(
        format('%s says %s %s where %s says %s', difference.provider, difference.field, difference.value, difference.current_provider, difference.current_value),
        ', ' order by difference.provider, difference.position)
    )
  from (
    select other.*, field.position, field.name as field, other.said_values[field.position] as value, other.current_values[field.position] as current_value
    from quality.other_statements(p_instrument_ids, p_from, p_to) as other
    cross join (values (1, 'open'), (2, 'high'), (3, 'low'), (4, 'close'), (5, 'volume')) as field (position, name)
    where abs(other.said_values[field.position] - other.current_values[field.position])
      > (p_parameters ->> field.name)::double precision * abs(other.current_values[field.position])
  ) as difference
  group by difference.instrument_id, difference.bar_interval, difference.ts, difference.session_date;
end;

comment on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) is
'Bars of any length of which a provider last said something else than what is current, by more than p_parameters allows for the field (open, high, low, close, volume: a part of the current value). quality.other_statements puts both on one basis.';

revoke all on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_sources_agree', 'price_data', 'prices', 'warning', '{"open": 0.01, "high": 0.01, "low": 0.01, "close": 0.002, "volume": 0.25}',
  'Two providers say different things of the same bar; the one with the better priority is current.',
  'select * from market.price_statement shows who said what when. Correct the bar with a file (marketbase import), or change ingest.provider.priority.',
  'compared_price_data'
);
