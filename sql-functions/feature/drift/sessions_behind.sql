-- How many sessions of its exchange came after a bar of an instrument.
create or replace function feature.sessions_behind(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz, p_until timestamptz) returns integer
language sql stable parallel safe
begin atomic
  select count(session.session_date)::integer
  from market.instrument as instrument
  left join market.price_data as bar
    on bar.instrument_id = instrument.instrument_id and bar.bar_interval = p_bar_interval and bar.ts = p_ts
  left join lateral market.session_dates(
    instrument.mic,
    coalesce(bar.session_date, (p_ts at time zone 'UTC')::date) + 1,
    -- The session of today may not have closed.
    least((p_until at time zone 'UTC')::date, (now() at time zone 'UTC')::date - 1)
  ) as session (session_date) on true
  where instrument.instrument_id = p_instrument_id
  having p_ts is not null;
end;

comment on function feature.sessions_behind(bigint, text, timestamptz, timestamptz) is
'Sessions (market.session_dates) of the exchange of p_instrument_id after that of its bar of length p_bar_interval at p_ts, up to the UTC date of p_until (NULL: no limit) or yesterday. NULL for NULL as p_ts.';

revoke all on function feature.sessions_behind(bigint, text, timestamptz, timestamptz) from public;
grant execute on function feature.sessions_behind(bigint, text, timestamptz, timestamptz) to marketbase_reader;
