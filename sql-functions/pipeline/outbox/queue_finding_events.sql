-- What becomes of findings is told: one event for each rule and turn of their life, whatever the number of findings.
-- security definer: whoever may acknowledge a finding need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_finding_events() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.queue_event('finding', told.rule, told.severity, told.payload, told.run_id, told.rule, told.recorded_at)
  from (
    select
      turn.rule, turn.severity, turn.run_id, turn.recorded_at,
      jsonb_strip_nulls(jsonb_build_object(
        'event', turn.event, 'rule', turn.rule, 'rule_version', turn.version, 'dataset', turn.dataset, 'severity', turn.severity,
        'description', turn.description, 'remedy', turn.remedy, 'at', internal.iso_time(turn.recorded_at), 'run_id', turn.run_id,
        'decided_by', turn.decided_by, 'reason', turn.reason, 'until', internal.iso_time(turn.until), 'finding_count', count(*),
        'findings', jsonb_agg(
          jsonb_build_object(
            'finding_id', turn.finding_id, 'symbol', instrument.symbol, 'provider', turn.provider, 'subject', turn.subject,
            'ts', internal.iso_time(turn.ts), 'key', turn.key
          )
          order by turn.place
        ) filter (where turn.place <= 20)
      )) as payload
    from (
      select
        made.finding_id, made.event, made.recorded_at, made.run_id, made.decided_by, made.reason, made.until,
        tracked.rule, tracked.dataset, tracked.instrument_id, tracked.provider, tracked.subject, tracked.ts, tracked.key,
        rule.version, rule.severity, rule.description, rule.remedy,
        row_number() over (
          partition by made.event, made.recorded_at, made.run_id, made.decided_by, made.reason, made.until, tracked.rule, tracked.dataset
          order by made.finding_id
        ) as place
      from made
      join quality.tracked_finding as tracked on tracked.finding_id = made.finding_id
      cross join lateral (
        select version.*
        from quality.rule_activation as activation
        join quality.validation_rule as version on version.rule = activation.rule and version.version = activation.version
        where activation.rule = tracked.rule
        order by activation.in_force_from desc
        limit 1
      ) as rule
      where exists (select from pipeline.wanting_destinations('finding', rule.severity, tracked.rule))
    ) as turn
    left join market.instrument as instrument on instrument.instrument_id = turn.instrument_id
    group by
      turn.event, turn.recorded_at, turn.run_id, turn.decided_by, turn.reason, turn.until, turn.rule, turn.dataset,
      turn.version, turn.severity, turn.description, turn.remedy
    order by turn.rule
  ) as told;
  return null;
end
$$;

comment on function pipeline.queue_finding_events() is
'Trigger: queues an event of kind finding for each rule whose findings opened, were acknowledged, resolved or reopened in the statement, with their number, the first twenty, and who decided and why.';

revoke all on function pipeline.queue_finding_events() from public;

create or replace trigger _900_outbox after insert on quality.finding_event
  referencing new table as made
  for each statement execute function pipeline.queue_finding_events();
