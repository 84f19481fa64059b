-- The sessions on which instruments should have a daily bar.
create or replace function quality.expected_sessions(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.expected_session
language sql
stable
parallel safe
begin atomic
  select instrument.instrument_id, session.session_date::timestamp at time zone 'UTC', session.session_date, instrument.mic
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar in ('sessions', 'always')
  cross join lateral (
    select
      coalesce(max(price.session_date) filter (where price.ts < p_from), min(price.session_date)) as first_date,
      max(price.session_date) as last_date
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
  ) as span
  cross join lateral market.session_dates(instrument.mic, span.first_date, span.last_date) as session (session_date)
  where instrument.instrument_id = any (p_instrument_ids);
end;

comment on function quality.expected_sessions(bigint[], timestamptz, timestamptz) is
'The sessions (market.session_dates) between the first and the last daily bar of each instrument up to p_to; where there are bars before p_from, from the last of them on, so that a gap between old and new bars is seen. Instruments without bars, or of an exchange of which only the weekdays are known, give no rows.';

revoke all on function quality.expected_sessions(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.expected_sessions(bigint[], timestamptz, timestamptz) to marketbase_worker;
