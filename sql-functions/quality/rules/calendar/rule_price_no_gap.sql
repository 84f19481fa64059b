-- Every session between the first and the last bar has one.
create or replace function quality.rule_price_no_gap(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    expected.instrument_id,
    expected.ts,
    jsonb_build_object('session_date', expected.session_date),
    '{}'::jsonb,
    format('a bar for each session of %s', expected.mic),
    format('The session of %s has no bar.', expected.session_date)
  -- A set operation, because it takes the same time whatever the planner knows of the tables.
  from (
    select session.instrument_id, session.ts, session.session_date, session.mic
    from quality.expected_sessions(p_instrument_ids, p_from, p_to) as session
    except
    select price.instrument_id, price.ts, price.session_date, instrument.mic
    from market.price_data as price
    join market.instrument as instrument on instrument.instrument_id = price.instrument_id
    where price.instrument_id = any (p_instrument_ids) and price.bar_interval = '1d' and price.ts <= p_to
  ) as expected;
end;

comment on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) is
'Sessions (quality.expected_sessions) between the first and the last daily bar that have no bar; one violation per session. checked_count counts the sessions that are expected. p_parameters is not used.';

revoke all on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_no_gap', 'price_data', 'calendar', 'warning', '{}',
  'A session of the exchange has no bar: features that look back count the wrong number of days.',
  'Fetch the span again, or from another provider. A halted or not yet listed instrument has no bar by right.',
  'session'
);
