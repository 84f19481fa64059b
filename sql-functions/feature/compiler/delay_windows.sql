-- Moves the windows of a plan that no other kernel needs to its last level.
create or replace function feature.delay_windows(p_plan jsonb, p_levels integer) returns jsonb
language sql immutable parallel safe
begin atomic
  select coalesce(
    jsonb_object_agg(
      window_entry.key,
      case
        when exists (
          select
          from jsonb_object_keys((p_plan -> 'arguments') || (p_plan -> 'kernels') || (p_plan -> 'windows')) as used (sql)
          where used.sql ~ format('\m%s\M', window_entry.value ->> 'alias')
        ) then window_entry.value
        else window_entry.value || jsonb_build_object('level', p_levels)
      end
    ),
    '{}'
  )
  from jsonb_each(p_plan -> 'windows') as window_entry;
end;

comment on function feature.delay_windows(jsonb, integer) is
'The windows of p_plan, those whose result no argument, kernel or other window uses at level p_levels, the last one.';

revoke all on function feature.delay_windows(jsonb, integer) from public;
