-- From when a bar or a later one was known: times that rise with the bars, so that they can be searched.
create or replace function feature.first_known(p_known_from timestamptz[]) returns timestamptz[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result timestamptz[] := p_known_from;
  earliest timestamptz := 'infinity';
begin
  for i in reverse coalesce(cardinality(p_known_from), 0) .. 1 loop
    if p_known_from[i] <= earliest then
      earliest := p_known_from[i];
    else
      result[i] := earliest;
    end if;
  end loop;
  return result;
end
$$;

comment on function feature.first_known(timestamptz[]) is
'For each bar the earliest of p_known_from among it and all later bars. As long as p_known_from; NULL for NULL.';

revoke all on function feature.first_known(timestamptz[]) from public;
grant execute on function feature.first_known(timestamptz[]) to marketbase_reader;
