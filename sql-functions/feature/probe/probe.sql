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
  -- The row as a whole: it may get more columns.
  select result
  from quality.validate_set(
    p_run_id, p_set, array['feature_look_ahead'],
    jsonb_build_object('samples', p_samples, 'seed', p_seed, 'instrument_ids', p_instrument_ids)
  ) as result;
end;

comment on function feature.probe(bigint, text, integer, bigint, bigint[]) is
'The look-ahead probe: computes vectors of the set p_set again with the future removed, at p_samples sampled times (1 to 1000) of p_instrument_ids (NULL: five that are drawn by p_seed, twenty of a set that compares instruments), and stores the result of rule feature_look_ahead in the run p_run_id: failed when a value differs, with a finding for each vector that names its features, instrument and time. Another p_seed looks elsewhere. See feature.probe_points.
Power: values are compared bit for bit, so that it does not matter by how much a leak changes them, only how often. One that shows in a share f of the vectors is found with probability 1 - (1 - f)^n or more, where n counts the vectors at random times, at least half of p_samples for each instrument: times are drawn without putting them back, and those chosen where leaks show come on top. Of one that shows for all instruments at the same times n counts the times. By default, 30 times and 150 vectors, 95 % of the leaks are found that show in f = 2 % of the vectors or in 10 % of the times; for 1 % of the times ask for 600 samples. One that only a share g of the instruments can show is missed with probability (1 - g)^k besides, when none of them is among the k that are drawn. The message says what n was.
In a transaction of isolation repeatable read nothing that is committed meanwhile can look like a leak.
Errors: MB001 for p_samples, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.probe(bigint, text, integer, bigint, bigint[]) from public;
grant execute on function feature.probe(bigint, text, integer, bigint, bigint[]) to marketbase_worker;
