-- Results that failed or gave a warning are told: one event for each rule, whatever the number of instruments.
-- security definer: whoever may store a result need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_results() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.queue_event('validation', told.rule, told.severity, told.payload, told.run_id, told.rule, told.recorded_at)
  from (
    select
      bad.run_id, bad.rule, bad.severity, min(bad.recorded_at) as recorded_at,
      jsonb_build_object(
        'rule', bad.rule, 'rule_version', bad.rule_version, 'dataset', bad.dataset, 'severity', bad.severity, 'status', bad.status, 'run_id', bad.run_id,
        'description', rule.description, 'remedy', rule.remedy,
        'result_count', count(*), 'checked_count', sum(bad.checked_count), 'failed_count', sum(bad.failed_count),
        'results', jsonb_agg(
          jsonb_strip_nulls(jsonb_build_object(
            'symbol', instrument.symbol, 'raw_response_id', bad.raw_response_id, 'feature_set_version_id', bad.feature_set_version_id,
            'checked_count', bad.checked_count, 'failed_count', bad.failed_count,
            'from', internal.iso_time(bad.from_ts), 'to', internal.iso_time(bad.to_ts), 'message', left(bad.message, 1000)
          ))
          order by bad.place
        ) filter (where bad.place <= 20)
      ) as payload
    from (
      select
        made.*,
        row_number() over (
          partition by made.run_id, made.rule, made.rule_version, made.dataset, made.severity, made.status
          order by made.failed_count desc, made.validation_result_id
        ) as place
      from made
      where made.status in ('failed', 'warned') and exists (select from pipeline.wanting_destinations('validation', made.severity, made.rule))
    ) as bad
    join quality.validation_rule as rule on rule.rule = bad.rule and rule.version = bad.rule_version
    left join market.instrument as instrument on instrument.instrument_id = bad.instrument_id
    group by bad.run_id, bad.rule, bad.rule_version, bad.dataset, bad.severity, bad.status, rule.description, rule.remedy
    order by bad.rule
  ) as told;
  return null;
end
$$;

comment on function pipeline.queue_results() is
'Trigger: queues an event of kind validation for each rule that failed or gave a warning in the statement, with its counts and the twenty results that have the most violations.';

revoke all on function pipeline.queue_results() from public;

create or replace trigger _900_outbox after insert on quality.validation_result
  referencing new table as made
  for each statement execute function pipeline.queue_results();
