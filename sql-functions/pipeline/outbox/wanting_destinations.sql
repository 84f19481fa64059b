-- Who wants to hear of an event.
create or replace function pipeline.wanting_destinations(p_kind text, p_severity text, p_rule text default null) returns setof text
language sql stable parallel safe
begin atomic
  select destination.name
  from pipeline.alert_destination as destination
  where destination.is_active
    and p_kind = any (destination.kinds)
    and (p_severity = any (destination.severities) or p_rule like any (destination.rules));
end;

comment on function pipeline.wanting_destinations(text, text, text) is
E'@behavior -*\nThe active destinations that get events of the kind p_kind and either the severity p_severity or, at whatever severity, the rule p_rule (NULL: no rule is concerned).';

revoke all on function pipeline.wanting_destinations(text, text, text) from public;
grant execute on function pipeline.wanting_destinations(text, text, text) to marketbase_worker;
