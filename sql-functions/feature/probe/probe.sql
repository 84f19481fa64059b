-- Looks for look-ahead in a set and stores what it found.
create or replace function feature.probe(
  p_run_id bigint,
  p_set text,
  p_samples integer default 60,
  p_seed bigint default 1,
  p_instrument_ids bigint[] default null
) returns quality.validation_result
language sql volatile parallel unsafe
begin atomic
  select result.*
  from quality.validate_set(
    p_run_id, p_set, array['feature_look_ahead'],
    jsonb_build_object('samples', p_samples, 'seed', p_seed, 'instrument_ids', p_instrument_ids)
  ) as result;
end;

comment on function feature.probe(bigint, text, integer, bigint, bigint[]) is
'The look-ahead probe: computes vectors of the set p_set again with the future removed, at p_samples sampled times (1 to 1000) of p_instrument_ids (NULL: five that are drawn by p_seed), and stores the result of rule feature_look_ahead in the run p_run_id: failed when a value differs, with a finding for each vector that names its features, instrument and time. The message says how likely a leak is missed. Another p_seed looks elsewhere. See feature.probe_points.
In a transaction of isolation repeatable read nothing that is committed meanwhile can look like a leak.
Errors: MB001 for p_samples, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.probe(bigint, text, integer, bigint, bigint[]) from public;
grant execute on function feature.probe(bigint, text, integer, bigint, bigint[]) to marketbase_worker;
