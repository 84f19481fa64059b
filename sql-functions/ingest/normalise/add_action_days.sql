-- For which days a body of bars says all splits and dividends.
create or replace function ingest.add_action_days(p_raw_response_id bigint, p_instrument_id bigint, p_days date[]) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date)
  select p_raw_response_id, p_instrument_id, kind, min(run.day), max(run.day)
  from (
    -- Days without a weekday missing between them have the same difference of these two numbers.
    select
      listed.day,
      (listed.day - date '1970-01-05') / 7 * 5 + least(extract(isodow from listed.day)::integer, 5) - row_number() over (order by listed.day) as run_no
    from (
      select distinct bar.session_date as day
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id and bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.session_date = any (p_days)
    ) as listed
  ) as run
  cross join unnest(array['split', 'dividend']) as kind
  group by kind, run.run_no;
end;

comment on function ingest.add_action_days(bigint, bigint, date[]) is
'Fills ingest.candidate_action_span for a body whose rows tell split and dividend of their day: p_days are the days of rows that do. Only days with a daily bar among ingest.candidate_bar count, and a weekday without a row (a holiday, a hole) ends a span:
nothing is cancelled on a day of which the body says nothing. Nothing for NULL.';

revoke all on function ingest.add_action_days(bigint, bigint, date[]) from public;
grant execute on function ingest.add_action_days(bigint, bigint, date[]) to marketbase_worker;
