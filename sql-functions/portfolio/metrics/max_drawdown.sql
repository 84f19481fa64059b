-- The deepest fall from a peak.
create or replace function portfolio.max_drawdown(p_returns double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select min(wealth / peak - 1)
  from (
    select wealth, greatest(1, max(wealth) over (order by position)) as peak
    from (
      select position, case when bool_or(value <= -1) over so_far then 0 else exp(sum(ln(greatest(1 + value, 1e-300))) over so_far) end as wealth
      from unnest(p_returns) with ordinality as period (value, position)
      where value is not null
      window so_far as (order by position)
    ) as path
  ) as peaked;
end;

comment on function portfolio.max_drawdown(double precision[]) is
'The lowest of (wealth / highest wealth so far) - 1, where wealth compounds p_returns (fractions, one per period) from 1: 0 or negative, -0.25 for a fall by a
quarter. The convention of empyrical''s max_drawdown; PerformanceAnalytics'' maxDrawdown gives the same without the sign. NULL elements are skipped; NULL
without returns.';

revoke all on function portfolio.max_drawdown(double precision[]) from public;
grant execute on function portfolio.max_drawdown(double precision[]) to marketbase_reader;
