-- What rules on drift say about a set.
create or replace function quality.drift_verdict(p_set text, p_parameters jsonb, p_level text)
returns quality.set_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_window record;
  v_verdict quality.set_verdict;
begin
  select * into v_window
  from feature.drift_windows(
    p_set, (p_parameters ->> 'baseline_from')::timestamptz, (p_parameters ->> 'baseline_to')::timestamptz,
    (p_parameters ->> 'current_from')::timestamptz, (p_parameters ->> 'current_to')::timestamptz,
    (p_parameters ->> 'baseline_days')::integer, (p_parameters ->> 'current_days')::integer
  );
  v_verdict.checked_count := 0;
  if not exists (select from feature.feature_vector as vector where vector.feature_set_version_id = v_set.feature_set_version_id) then
    return v_verdict;
  end if;

  select
    count(*) filter (where drift.level is not null), v_window.baseline_from, v_window.current_to,
    format(
      'Baseline %s to %s, current %s to %s (UTC).', (v_window.baseline_from at time zone 'UTC')::date, (v_window.baseline_to at time zone 'UTC')::date,
      (v_window.current_from at time zone 'UTC')::date, (v_window.current_to at time zone 'UTC')::date
    ),
    coalesce(
      array_agg(
        row(
          null, null, null,
          jsonb_build_object('feature_set', p_set, 'version', v_set.version, 'feature', drift.feature_name),
          to_jsonb(drift) - 'feature_name',
          'values as in the baseline window',
          format('%s of %s: %s.', drift.feature_name, p_set, drift.reason)
        )::quality.violation
        order by drift.position
      ) filter (where drift.level = p_level),
      '{}'
    )
  into v_verdict.checked_count, v_verdict.from_ts, v_verdict.to_ts, v_verdict.note, v_verdict.violations
  from (
    select measured.*, row_number() over () as position
    from feature.drift(
      p_set, v_window.baseline_from, v_window.baseline_to, v_window.current_from, v_window.current_to,
      p_parameters -> 'thresholds', (p_parameters ->> 'max_vectors')::integer
    ) as measured
  ) as drift;
  return v_verdict;
end;
$$;

comment on function quality.drift_verdict(text, jsonb, text) is
'The features of the set p_set that feature.drift puts at level p_level (warn or fail), as a verdict. p_parameters: baseline_from, baseline_to, current_from, current_to (times), baseline_days, current_days (see feature.drift_windows), thresholds and max_vectors of feature.drift.';

revoke all on function quality.drift_verdict(text, jsonb, text) from public;
grant execute on function quality.drift_verdict(text, jsonb, text) to marketbase_worker;
