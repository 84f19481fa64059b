-- A feature does not know its future.
create or replace function quality.rule_feature_look_ahead(p_set text, p_parameters jsonb)
returns quality.set_verdict
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_points feature.probe_point[];
  v_random_vectors bigint;
  v_random_times bigint;
  v_verdict quality.set_verdict;
begin
  v_points := array(
    select point
    from feature.probe_points(
      p_set, (p_parameters ->> 'samples')::integer, (p_parameters ->> 'seed')::bigint,
      case
        when jsonb_typeof(p_parameters -> 'instrument_ids') = 'array'
          then array(select id::bigint from jsonb_array_elements_text(p_parameters -> 'instrument_ids') as id)
      end
    ) as point
  );
  select
    count(*), min(point.ts), max(point.ts), count(*) filter (where point.reason = 'random'), count(distinct point.ts) filter (where point.reason = 'random')
  into v_verdict.checked_count, v_verdict.from_ts, v_verdict.to_ts, v_random_vectors, v_random_times
  from unnest(v_points) as point;

  if v_verdict.checked_count > 0 then
    v_verdict.note := format(
      'Seed %s, %s times. A leak that shows in 5%% of the vectors is missed with probability %s, one that shows for all instruments in 5%% of the times with %s.',
      p_parameters ->> 'seed', (select count(distinct point.ts) from unnest(v_points) as point),
      round(0.95 ^ v_random_vectors, 4), round(0.95 ^ v_random_times, 4)
    );
  end if;
  v_verdict.violations := array(
    select
      row(
        null, point.instrument_id, point.ts,
        jsonb_build_object('feature_set', p_set, 'version', v_set.version, 'symbol', instrument.symbol),
        jsonb_build_object(
          'known_from', point.known_from, 'sampled', point.reason,
          'features', (
            select jsonb_object_agg(value.name, jsonb_build_object('with_future', value.with_future::text, 'without_future', value.without_future::text))
            from unnest(point.feature_names, point.with_future, point.without_future) as value (name, with_future, without_future)
          )
        ),
        'the same value when what became known later is removed',
        format(
          '%s of %s on %s depend on what was not known at %s UTC: %s.',
          p_set, instrument.symbol, to_char(point.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), to_char(point.known_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
          (
            select string_agg(
              format('%s is %s and would be %s', value.name, coalesce(value.with_future::text, 'null'), coalesce(value.without_future::text, 'null')),
              ', ' order by value.position
            )
            from unnest(point.feature_names, point.with_future, point.without_future)
              with ordinality as value (name, with_future, without_future, position)
          )
        )
      )::quality.violation
    from unnest(v_points) as point
    join market.instrument as instrument on instrument.instrument_id = point.instrument_id
    where cardinality(point.feature_names) > 0
    order by point.instrument_id, point.ts
  );
  return v_verdict;
end;
$$;

comment on function quality.rule_feature_look_ahead(text, jsonb) is
'What feature.probe_points says about the set p_set: each vector that changes when the future is removed, with its features. p_parameters: samples (times), seed, instrument_ids (an array; null or absent: five that are drawn).
The note gives the probability to miss a leak that shows in a share f of the vectors, (1 - f)^n for n vectors at random times, and, where all instruments show it at the same times, for n times; the other half of the times is chosen where leaks show and comes on top.';

revoke all on function quality.rule_feature_look_ahead(text, jsonb) from public;
grant execute on function quality.rule_feature_look_ahead(text, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_look_ahead', 'feature_set', 'features', 'error', '{"samples": 60, "seed": 1}',
  'A feature uses what was not known yet: it changes when the future is removed. Models trained on it look better than they are.',
  'Correct the kernel or the expression: windows end at their bar, facts count from their filing, and a kernel looks back no further than its comment says.'
);
