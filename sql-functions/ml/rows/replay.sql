-- Makes the rows of a training set again, proves that they are the same or says what is different.
create or replace function ml.replay(
  p_training_set_id bigint,
  p_known_at timestamptz default null,
  p_limit integer default 100
) returns ml.replay_result
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  training_set ml.training_set;
  feature_names text[];
  replayed ml.training_row[];
  original ml.training_row[];
  result ml.replay_result;
begin
  select * into training_set from ml.training_set as stored where stored.training_set_id = p_training_set_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('There is no training set %s.', coalesce(p_training_set_id::text, 'NULL')),
      hint = 'The training sets are the rows of ml.training_set.';
  end if;
  if p_limit is null or p_limit < 0 then
    raise exception using errcode = 'MB001', message = 'The number of differences to list is NULL or negative.', hint = 'Give p_limit as 0 or more.';
  end if;
  select version.feature_names into feature_names
  from feature.feature_set_version as version
  where version.feature_set_version_id = training_set.feature_set_version_id;

  replayed := array(select row (made.*)::ml.training_row from ml.training_rows(p_training_set_id, p_known_at) as made);
  result.training_set_id := p_training_set_id;
  result.known_at := coalesce(p_known_at, training_set.known_at);
  result.row_count := training_set.row_count;
  result.replayed_row_count := cardinality(replayed);
  result.data_hash := training_set.data_hash;
  result.replayed_hash := ml.hash_training_rows(training_set.feature_set_version_id, replayed);
  result.is_same := result.replayed_hash = result.data_hash;
  result.difference_count := 0;
  result.differences := '{}';
  if result.is_same then
    return result;
  end if;

  if p_known_at is not null then
    original := array(select row (made.*)::ml.training_row from ml.training_rows(p_training_set_id) as made);
  elsif not exists (select from ml.training_set_digest as digest where digest.training_set_id = p_training_set_id) then
    result.difference_count := null;
    return result;
  end if;
  with kept as (
    select digest.instrument_id, bar.ts, substr(digest.digests, 8 * bar.position::integer - 7, 8) as digest
    from ml.training_set_digest as digest
    cross join lateral unnest(digest.ts) with ordinality as bar (ts, position)
    where digest.training_set_id = p_training_set_id and p_known_at is null
    union all
    select made.instrument_id, made.ts, substr(ml.hash_training_row(instrument.symbol, row (made.*)::ml.training_row), 1, 8)
    from unnest(original) as made
    join market.instrument as instrument on instrument.instrument_id = made.instrument_id
  ),
  new_row as (
    select made.*, substr(ml.hash_training_row(instrument.symbol, row (made.*)::ml.training_row), 1, 8) as digest
    from unnest(replayed) as made
    join market.instrument as instrument on instrument.instrument_id = made.instrument_id
  ),
  differing as (
    select
      coalesce(new_row.instrument_id, kept.instrument_id) as instrument_id,
      coalesce(new_row.ts, kept.ts) as ts,
      case when new_row.ts is null then 'missing' when kept.ts is null then 'added' else 'changed' end as change
    from kept
    full join new_row on new_row.instrument_id = kept.instrument_id and new_row.ts = kept.ts
    where new_row.digest is distinct from kept.digest
  ),
  cell as (
    select
      differing.instrument_id, differing.ts, differing.change,
      value.position, value.name, value.old_value, value.new_value
    from differing
    join unnest(original) as before on before.instrument_id = differing.instrument_id and before.ts = differing.ts
    join unnest(replayed) as after on after.instrument_id = differing.instrument_id and after.ts = differing.ts
    cross join lateral (
      select pair.position, pair.name, pair.old_value, pair.new_value
      from unnest(feature_names, before.features, after.features) with ordinality as pair (name, old_value, new_value, position)
      union all
      values
        (100001, 'label', before.label, after.label),
        (100002, 'label_end', extract(epoch from before.label_end)::double precision, extract(epoch from after.label_end)::double precision),
        (100003, 'decision_time', extract(epoch from before.decision_time)::double precision, extract(epoch from after.decision_time)::double precision)
    ) as value
    where differing.change = 'changed' and float8send(value.old_value) is distinct from float8send(value.new_value)
  ),
  difference as (
    select cell.instrument_id, cell.ts, cell.change, cell.position, cell.name, cell.old_value, cell.new_value
    from cell
    union all
    select differing.instrument_id, differing.ts, differing.change, 0, null, null, null
    from differing
    where not exists (select from cell where cell.instrument_id = differing.instrument_id and cell.ts = differing.ts)
  ),
  numbered as (
    select
      row (
        instrument.symbol, difference.ts, difference.change, difference.name, difference.old_value, difference.new_value, difference.instrument_id
      )::ml.row_difference as difference,
      row_number() over (order by instrument.symbol, difference.ts, difference.position) as number
    from difference
    join market.instrument as instrument on instrument.instrument_id = difference.instrument_id
  )
  select count(*), coalesce(array_agg(numbered.difference order by numbered.number) filter (where numbered.number <= p_limit), '{}')
  into result.difference_count, result.differences
  from numbered;
  return result;
end
$$;

comment on function ml.replay(bigint, timestamptz, integer) is
'Makes the rows of training set p_training_set_id again and compares them with those that it was drawn with, bit for bit (sha256).
p_known_at NULL: from what was recorded when the set was drawn. The same rows must come back whatever was corrected or filled in since; if they do not, history was changed behind the versions, and the rows concerned are named by the digests that were kept (their old values are gone; difference_count is NULL for a set of which none were kept).
p_known_at a moment: from all that was recorded until then (infinity: until now), over the same bars. It says what later backfills and corrections would change: which rows, which feature or label, old and new value.
p_limit: how many differences are listed; all are counted. See differences with: select difference.* from ml.replay(1, ''infinity'') as replay, unnest(replay.differences) as difference.
Errors: MB001 for an unknown id.';

revoke all on function ml.replay(bigint, timestamptz, integer) from public;
grant execute on function ml.replay(bigint, timestamptz, integer) to marketbase_analyst;
