-- The thresholds of a rule at a level.
create or replace function quality.level_parameters(p_parameters jsonb, p_level text)
returns jsonb
language sql
immutable
parallel safe
return case
  when p_level = 'fail' or jsonb_typeof(p_parameters -> p_level) = 'object'
  then p_parameters - array['warn', 'fail'] || coalesce(nullif(p_parameters -> p_level, 'null'), '{}')
end;

comment on function quality.level_parameters(jsonb, text) is
'The parameters of a rule with those of p_level (fail or warn) in place of their like; NULL for warn where the rule never warns.';

revoke all on function quality.level_parameters(jsonb, text) from public;
grant execute on function quality.level_parameters(jsonb, text) to marketbase_worker, marketbase_author;
