-- The two windows that drift is measured between, where not all of their ends are given.
create or replace function feature.drift_windows(
  p_set text,
  p_baseline_from timestamptz default null,
  p_baseline_to timestamptz default null,
  p_current_from timestamptz default null,
  p_current_to timestamptz default null,
  p_baseline_days integer default 365,
  p_current_days integer default 30
) returns table (baseline_from timestamptz, baseline_to timestamptz, current_from timestamptz, current_to timestamptz)
language sql stable parallel safe
begin atomic
  select
    coalesce(p_baseline_from, baseline.until - make_interval(days => p_baseline_days)), baseline.until,
    current.since, current.until
  from (
    select last.until, coalesce(p_current_from, last.until - make_interval(days => p_current_days)) as since
    from (
      select coalesce(
        p_current_to,
        (
          select max(vector.ts)
          from feature.feature_vector as vector
          where vector.feature_set_version_id = (select known.feature_set_version_id from feature.current_set(p_set) as known)
        )
      ) as until
    ) as last
  ) as current
  cross join lateral (select coalesce(p_baseline_to, current.since - interval '1 microsecond') as until) as baseline;
end;

comment on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) is
'One row: the windows of feature.drift, with what is NULL filled in. The current one ends with the last vector of the version of p_set in force and begins p_current_days before; the baseline ends where the current one begins and has p_baseline_days. NULL where the set has no vectors and nothing says when they would end.
Errors: MB003 for an unknown set.';

revoke all on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) from public;
grant execute on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) to marketbase_reader;
