-- Instruments and decision times side by side.
create or replace function feature.decision_pairs(p_instrument_ids bigint[], p_decision_times timestamptz[])
returns table (instrument_id bigint, decision_time timestamptz, "position" bigint)
language plpgsql immutable parallel safe rows 100000
set search_path to pg_catalog, pg_temp
as $$
begin
  if coalesce(cardinality(p_instrument_ids), 0) <> coalesce(cardinality(p_decision_times), 0) then
    raise exception using
      errcode = 'MB001',
      message = format(
        '%s instruments and %s decision times were given.', coalesce(cardinality(p_instrument_ids), 0), coalesce(cardinality(p_decision_times), 0)
      ),
      hint = 'Give arrays of equal length: the first decision time belongs to the first instrument, and so on.';
  end if;
  return query select pair.id, pair.moment, pair.number from unnest(p_instrument_ids, p_decision_times) with ordinality as pair (id, moment, number);
end
$$;

comment on function feature.decision_pairs(bigint[], timestamptz[]) is
E'@behavior -*\nA row for each pair of an element of p_instrument_ids and the element of p_decision_times at the same place, with its position from 1; no rows for NULL. Errors: MB001 for arrays of different length.';

revoke all on function feature.decision_pairs(bigint[], timestamptz[]) from public;
grant execute on function feature.decision_pairs(bigint[], timestamptz[]) to marketbase_reader;
