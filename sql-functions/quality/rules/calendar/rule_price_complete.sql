-- Nearly every session has a bar.
create or replace function quality.rule_price_complete(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    expected.instrument_id,
    null::timestamptz,
    jsonb_build_object('symbol', instrument.symbol),
    jsonb_build_object('sessions', expected.checked_count, 'bars', present.bar_count),
    format('bars for %s %% of the sessions or more', round((p_parameters ->> 'min_share')::numeric * 100, 1)),
    format('%s of %s sessions from %s to %s have a bar.', present.bar_count, expected.checked_count,
      (expected.from_ts at time zone 'UTC')::date, (expected.to_ts at time zone 'UTC')::date)
  from quality.population_session(p_instrument_ids, p_from, p_to) as expected
  join market.instrument as instrument on instrument.instrument_id = expected.instrument_id
  cross join lateral (
    select count(*) as bar_count
    from market.price_data as price
    where price.instrument_id = expected.instrument_id and price.bar_interval = '1d' and price.ts between expected.from_ts and expected.to_ts
  ) as present
  where present.bar_count < (p_parameters ->> 'min_share')::double precision * expected.checked_count
    and expected.checked_count >= (p_parameters ->> 'min_sessions')::bigint;
end;

comment on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) is
'Instruments with daily bars for less than min_share of the sessions from the first to the last of them, of at least min_sessions; the finding has no time. price_no_gap names each session.';

revoke all on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_complete', 'price_data', 'calendar', 'error', '{"min_share": 0.99, "min_sessions": 100}',
  'More than a session in a hundred has no bar: indicators and returns of this instrument are not those of its calendar.',
  'Fetch the whole series again, or from another provider; an instrument that trades seldom needs features that do not count days.',
  'instrument'
);
