-- The latest time of each window: a value is known when the last of its bars is.
create or replace function feature.latest_known(p_known_from timestamptz[], p_lookback integer) returns timestamptz[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result timestamptz[] := p_known_from;
  latest timestamptz := '-infinity';
  latest_at integer := 0;
  moment timestamptz;
  i integer := 0;
begin
  -- Times rise with the bars unless one was corrected, so that there is hardly ever anything to replace.
  foreach moment in array coalesce(p_known_from, '{}') loop
    i := i + 1;
    if moment >= latest then
      latest := moment;
      latest_at := i;
    else
      if latest_at < i - p_lookback then
        latest := '-infinity';
        for j in i - p_lookback .. i loop
          if p_known_from[j] >= latest then
            latest := p_known_from[j];
            latest_at := j;
          end if;
        end loop;
      end if;
      if latest_at < i then
        result[i] := latest;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function feature.latest_known(timestamptz[], integer) is
'For each bar the latest of p_known_from among it and the p_lookback bars before it; NULL for p_lookback: among all bars up to it. As long as p_known_from; NULL for NULL.';

revoke all on function feature.latest_known(timestamptz[], integer) from public;
grant execute on function feature.latest_known(timestamptz[], integer) to marketbase_worker, marketbase_probe;
