-- A bar was over when it was fetched.
create or replace function quality.rule_bar_final(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object('ends_at', bar.ends_at, 'fetched_at', response.fetched_at),
    'a bar that ended before it was fetched',
    format(
      'The bar ends at %s UTC and was fetched at %s UTC.',
      to_char(bar.ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
      to_char(response.fetched_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    )
  from ingest.raw_response as response
  join ingest.candidate_bar as c on c.raw_response_id = response.raw_response_id
  left join market.instrument as instrument on instrument.instrument_id = c.instrument_id
  left join market.exchange as exchange on exchange.mic = instrument.mic
  cross join lateral (
    select market.bar_span(c.bar_interval) as length
  ) as bar_interval
  cross join lateral (
    select case
      when bar_interval.length < interval '1 day' then c.ts + bar_interval.length
      else coalesce(
        (
          select max(session.close_at)
          from market.trading_session as session
          where session.mic = exchange.mic
            and session.session_date >= c.session_date
            and session.session_date < c.session_date + bar_interval.length
        ),
        (c.session_date + bar_interval.length) at time zone coalesce(exchange.time_zone, 'UTC')
      )
    end as ends_at
  ) as bar
  where response.raw_response_id = p_raw_response_id
    -- No bar is longer than 99 days and no zone more than 14 hours from UTC: older bars are over without a look at their length or the calendar.
    and c.ts > response.fetched_at - interval '100 days'
    and c.ts + bar_interval.length > response.fetched_at - interval '1 day'
    and bar.ends_at > response.fetched_at;
end;

comment on function quality.rule_bar_final(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that were not over at fetched_at: the bar of today while its session goes on, or one of the future. A daily, weekly or monthly bar ends at the last close of its sessions by market.trading_session, or, where there is none, at midnight in the time zone of the exchange (UTC for an unknown instrument); a shorter one ends one length after ts. p_parameters is not used.';

revoke all on function quality.rule_bar_final(bigint, jsonb) from public;
grant execute on function quality.rule_bar_final(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_final', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar was fetched before its session closed, so its values are not final; or its date lies in the future.',
  'Fetch again after the close. A date in the future points to a wrong time zone or unit of time in the body.'
);
