-- How far the shares of what was counted diverge from weights.
create or replace function quality.kl_divergence(p_counts bigint[], p_weights double precision[])
returns double precision
language sql
immutable
parallel safe
begin atomic
  select sum(case
    when cell.count = 0 then 0
    when coalesce(cell.weight, 0) = 0 then 'infinity'::double precision
    else cell.count / total.count * ln(cell.count / total.count / (cell.weight / total.weight))
  end)
  from unnest(p_counts, p_weights) as cell (count, weight)
  cross join (
    select
      (select sum(n)::double precision from unnest(p_counts) as n) as count,
      (select sum(w) from unnest(p_weights) as w) as weight
  ) as total
  where total.count > 0;
end;

comment on function quality.kl_divergence(bigint[], double precision[]) is
E'@behavior -*\nThe Kullback-Leibler divergence of the distribution that p_counts are from that of the weights p_weights of the same cells (which are scaled to a sum of 1), in nats: sum of p ln(p / q). Infinite where something was counted in a cell without a weight; NULL where nothing was counted.';

revoke all on function quality.kl_divergence(bigint[], double precision[]) from public;
grant execute on function quality.kl_divergence(bigint[], double precision[]) to marketbase_worker, marketbase_author;
