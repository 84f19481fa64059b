-- The return over all periods together.
create or replace function portfolio.cumulative_return(p_returns double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when bool_or(value <= -1) then -1
      else exp(sum(ln(1 + value) order by position) filter (where value > -1)) - 1
    end
  from unnest(p_returns) with ordinality as period (value, position);
end;

comment on function portfolio.cumulative_return(double precision[]) is
'The compounded return of p_returns (fractions, one per period): product of (1 + r) minus 1, by sums of logarithms. -1 where one of them is -1 or less: all is
lost. NULL elements are skipped; NULL without returns.';

revoke all on function portfolio.cumulative_return(double precision[]) from public;
grant execute on function portfolio.cumulative_return(double precision[]) to marketbase_reader;
