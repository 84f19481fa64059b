-- A fact is filed, by a named filing, not before its period ends.
create or replace function quality.rule_fact_filed_after_period(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('period_end', c.period_end, 'filed', c.filed, 'form', c.form, 'accession', c.accession),
    'a form, an accession number and a date of filing not before the end of the period',
    case
      when c.filed < c.period_end then format('Filed %s, before the period ends %s.', c.filed, c.period_end)
      else format('Missing: %s.', concat_ws(
        ', ',
        case when c.filed is null then 'date of filing' end,
        case when coalesce(c.form, '') = '' then 'form' end,
        case when coalesce(c.accession, '') = '' then 'accession number' end
      ))
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id
    and (c.filed is null or c.filed < c.period_end or coalesce(c.form, '') = '' or coalesce(c.accession, '') = '');
end;

comment on function quality.rule_fact_filed_after_period(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id that no filing is named for, or that were filed before their period ended and so cannot be reported facts. p_parameters is not used.';

revoke all on function quality.rule_fact_filed_after_period(bigint, jsonb) from public;
grant execute on function quality.rule_fact_filed_after_period(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_filed_after_period', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact names no filing, or one that was filed before its period was over: from when it could be known cannot be said.',
  'Look at the filing itself: the date of the period or of the filing is wrong, or the value is a forecast.'
);
