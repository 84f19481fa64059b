-- What is wrong with bars, row by row, as of a moment.
create or replace function quality.bar_defects(p_instrument_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (
  severity text,
  rule text,
  rule_version text,
  state text,
  instrument_id bigint,
  symbol text,
  session_date date,
  source text,
  row_no bigint,
  message text
)
language sql
stable
parallel safe
begin atomic
  with defect as materialized (
    select finding.*, (finding.ts at time zone 'UTC')::date as day
    from quality.findings_as_of(p_as_of) as finding
    join quality.validation_rule as known on known.rule = finding.rule and known.version = finding.rule_version
    where finding.dataset in ('candidate_bar', 'price_data')
      and known.family in ('structure', 'prices', 'actions', 'calendar')
      and finding.state <> 'resolved'
      and p_instrument_id in (0, finding.instrument_id)
      and (finding.ts at time zone 'UTC')::date between p_from and p_to
  )
  select
    defect.severity, defect.rule, defect.rule_version, defect.state, defect.instrument_id, coalesce(instrument.symbol, defect.key ->> 'symbol'), defect.day,
    defect.subject, (defect.key ->> 'row_no')::bigint, defect.message
  from defect
  left join market.instruments_as_of(p_as_of) as instrument on instrument.instrument_id = defect.instrument_id
  -- A session whose row was refused is not missing at the vendor.
  where not (
    defect.rule = 'price_no_gap'
    and exists (
      select
      from defect as refused
      where refused.dataset = 'candidate_bar' and refused.severity = 'critical' and refused.instrument_id = defect.instrument_id and refused.day = defect.day
    )
  );
end;

comment on function quality.bar_defects(bigint, date, date, timestamptz) is
'Findings of the rules of bars (structure, prices, actions, calendar) that were not resolved at p_as_of, one row each, with a session from p_from to p_to, of the instrument p_instrument_id (0: all): severity, rule with its version, state, instrument and its symbol then, session; of refused rows the source and the number of the row in it; the message. Findings on a series as a whole have no session and are left out, and so are gaps where a row came and was refused. No order. No row for NULL.';

revoke all on function quality.bar_defects(bigint, date, date, timestamptz) from public;
grant execute on function quality.bar_defects(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
