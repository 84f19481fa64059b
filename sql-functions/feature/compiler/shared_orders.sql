-- The ranks and quantiles of a level that are asked for together.
create or replace function feature.shared_orders(p_kernels jsonb, p_level integer) returns table (
  kernel text,
  name text,
  series text,
  place integer,
  period integer,
  quantile double precision
)
language sql immutable parallel safe
begin atomic
  with call as (
    select
      entry.key as kernel,
      entry.value ->> 'alias' as name,
      found.part[2] as series,
      found.part[3]::integer as period,
      case found.part[1] when 'med' then 0.5 when 'quantile' then found.part[4]::double precision end as quantile
    from jsonb_each(p_kernels) as entry
    cross join lateral regexp_match(entry.key, '^ta\.rolling_(rank|med|quantile)\((\w+), (\d+)(?:, ([0-9.e-]+))?\)$') as found (part)
    where (entry.value ->> 'level')::integer = p_level and found.part is not null
  )
  select
    call.kernel,
    call.name,
    call.series,
    row_number() over (partition by call.series order by call.period, call.quantile nulls first)::integer,
    call.period,
    call.quantile
  from call
  where exists (select from call as other where other.series = call.series and other.kernel <> call.kernel);
end;

comment on function feature.shared_orders(jsonb, integer) is
'Of the kernel calls p_kernels (see feature.plan_alias) at level p_level the ranks, medians and quantiles over windows, where a series has more than one of them: ta.window_order gives all of a series for a third of what the calls cost one by one.
kernel: the call. name: its column. series: what it is over. place: where ta.window_order is asked for it, from 1. period: in bars. quantile: a fraction from 0 to 1, NULL for the rank.';

revoke all on function feature.shared_orders(jsonb, integer) from public;
