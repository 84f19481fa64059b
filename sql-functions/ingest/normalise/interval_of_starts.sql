-- How long the bars are, from the times at which they start.
create or replace function ingest.interval_of_starts(p_starts timestamptz[]) returns text
language sql immutable parallel safe
begin atomic
  with gap as (
    select extract(epoch from lead(times.start) over (order by times.start) - times.start)::bigint / 60 as minutes
    from (select distinct start from unnest(p_starts) as start where start is not null) as times
  ),
  typical as (
    select min(gap.minutes) as smallest, percentile_disc(0.5) within group (order by gap.minutes) as median
    from gap
    where gap.minutes > 0
  )
  select case
    -- A day of 23 hours, when the clocks change.
    when typical.smallest >= 1380 then case
      when typical.median between 1380 and 6000 then '1d'
      when typical.median between 7000 and 15000 then '1w'
      when typical.median between 38000 and 50000 then '1mo'
    end
    -- The longest length of which every gap is a multiple.
    else (
      select market.bar_interval_of(max(length.minutes))
      from unnest(array[1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720]::bigint[]) as length (minutes)
      where length.minutes <= typical.smallest
        and not exists (select from gap where gap.minutes % length.minutes <> 0)
    )
  end
  from typical;
end;

comment on function ingest.interval_of_starts(timestamptz[]) is
'The length of bars that start at these times, for bodies that do not say it: within a day the longest usual length of which every gap is a multiple, else 1d, 1w or 1mo by the gap in the middle. NULL for fewer than two times.';

revoke all on function ingest.interval_of_starts(timestamptz[]) from public;
grant execute on function ingest.interval_of_starts(timestamptz[]) to marketbase_worker;
