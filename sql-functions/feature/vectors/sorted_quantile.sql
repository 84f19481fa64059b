-- A quantile of values that are in order.
create or replace function feature.sorted_quantile(p_sorted double precision[], p_share double precision) returns double precision
language sql immutable parallel safe
begin atomic
  select
    p_sorted[low.place + 1]
    + (p_share * (cardinality(p_sorted) - 1) - low.place) * (p_sorted[least(low.place + 2, cardinality(p_sorted))] - p_sorted[low.place + 1])
  from (select floor(p_share * (cardinality(p_sorted) - 1))::integer as place) as low;
end;

comment on function feature.sorted_quantile(double precision[], double precision) is
'The quantile of p_sorted, values in rising order without NULL, below which the share p_share (0 to 1) lies, interpolated linearly between neighbours (as percentile_cont does). NULL for no values.';

revoke all on function feature.sorted_quantile(double precision[], double precision) from public;
grant execute on function feature.sorted_quantile(double precision[], double precision) to marketbase_worker, marketbase_probe;
