-- Do losses beyond the value at risk come one after the other?
create or replace function risk.christoffersen(p_exceptions boolean[]) returns double precision
language sql immutable strict parallel safe
begin atomic
  with pair as (
    select
      count(*) filter (where not before and not now)::double precision as n00,
      count(*) filter (where not before and now)::double precision as n01,
      count(*) filter (where before and not now)::double precision as n10,
      count(*) filter (where before and now)::double precision as n11
    from (
      select day.is_exception as now, lag(day.is_exception) over (order by day.position) as before
      from unnest(p_exceptions) with ordinality as day (is_exception, position)
    ) as period
    where before is not null and now is not null
  )
  select 2 * (
    -- x ln (x / n) of each cell against that of both rows together; 0 ln 0 is 0.
    coalesce(n00 * ln(nullif(n00, 0) / (n00 + n01)), 0) + coalesce(n01 * ln(nullif(n01, 0) / (n00 + n01)), 0)
    + coalesce(n10 * ln(nullif(n10, 0) / (n10 + n11)), 0) + coalesce(n11 * ln(nullif(n11, 0) / (n10 + n11)), 0)
    - coalesce((n00 + n10) * ln(nullif(n00 + n10, 0) / (n00 + n01 + n10 + n11)), 0)
    - coalesce((n01 + n11) * ln(nullif(n01 + n11, 0) / (n00 + n01 + n10 + n11)), 0)
  )
  from pair
  where n00 + n01 + n10 + n11 > 0;
end;

comment on function risk.christoffersen(boolean[]) is
'Likelihood ratio of independence (Christoffersen 1998, Evaluating interval forecasts): whether a loss beyond the value at risk makes another one on the next period more likely. p_exceptions: one element per period in order, true for such a loss; pairs with a NULL are left out.
Chi-square with one degree of freedom where they are independent; its sum with risk.kupiec is the ratio of conditional coverage, with two. 0 where nothing can be told because there was no exception. NULL for NULL or fewer than two periods.';

revoke all on function risk.christoffersen(boolean[]) from public;
grant execute on function risk.christoffersen(boolean[]) to marketbase_reader;
