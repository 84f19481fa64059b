-- What Redis serves is what the database has, bit for bit.
create or replace function quality.rule_online_equals_offline(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    reading.instrument_id,
    reading.ts,
    jsonb_build_object('feature_set', reading.feature_set, 'version', reading.version),
    jsonb_build_object('readable', reading.is_readable, 'differing', coalesce(reading.differing_bits, '{}')),
    'the bits of feature.feature_vector',
    case
      when not reading.is_readable then format('Redis has no vector of %s under the key of %s.', reading.symbol, reading.feature_set)
      when reading.ts is null then format('Redis has a vector of %s in %s and the database has none.', reading.symbol, reading.feature_set)
      when reading.differing_bits is null then format('Redis has another bar, time of knowledge or revision of %s in %s.', reading.symbol, reading.feature_set)
      else format('Redis has other values of %s in %s: %s.', reading.symbol, reading.feature_set, (
        select string_agg(differing.name, ', ' order by differing.name)
        from jsonb_object_keys(reading.differing_bits) as differing (name)
      ))
    end
  from feature.online_check as reading
  where not reading.is_equal
    and reading.instrument_id = any (p_instrument_ids)
    and reading.read_at between p_from and p_to;
end;

comment on function quality.rule_online_equals_offline(bigint[], timestamptz, timestamptz, jsonb) is
'Values that the last audit read in Redis from p_from to p_to and that are not, bit for bit, the newest vectors of the database, or not readable; see feature.online_check. p_parameters is not used.';

revoke all on function quality.rule_online_equals_offline(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_online_equals_offline(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'online_equals_offline', 'online_vector', 'features', 'error', '{}',
  'Redis holds something else than the database: somebody wrote there by hand, or its memory is damaged.',
  'The audit has it published again. Find out who else writes to Redis, and give marketbase a database of its own there.'
);
