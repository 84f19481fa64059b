-- How far a value lies from the middle of a sample, in robust standard deviations.
create or replace function quality.robust_score(p_value double precision, p_sample double precision[])
returns double precision
language sql
immutable
parallel safe
begin atomic
  with middle as (
    select percentile_cont(0.5) within group (order by x) as median
    from unnest(p_sample) as sample (x)
  ),
  spread as (
    select
      middle.median,
      percentile_cont(0.5) within group (order by abs(x - middle.median)) as median_deviation,
      avg(abs(x - middle.median)) as mean_deviation
    from unnest(p_sample) as sample (x)
    cross join middle
    group by middle.median
  )
  select case
    when spread.median_deviation > 0 then 0.6745 * (p_value - spread.median) / spread.median_deviation
    when spread.mean_deviation > 0 then (p_value - spread.median) / (1.253314 * spread.mean_deviation)
    when p_value = spread.median then 0
    else sign(p_value - spread.median) * 'infinity'::double precision
  end
  from spread;
end;

comment on function quality.robust_score(double precision, double precision[]) is
'The modified z-score of p_value against p_sample: 0.6745 (x - median) / MAD (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Where the median absolute deviation is 0 the mean absolute deviation stands in, (x - median) / (1.253314 MeanAD), as IBM SPSS does; where that is 0 too, the score is 0 for the median itself and infinite for any other value. The sample must not contain the value that is judged. NULLs in the sample are left out; NULL for a NULL value or a sample without values.';

revoke all on function quality.robust_score(double precision, double precision[]) from public;
grant execute on function quality.robust_score(double precision, double precision[]) to marketbase_worker, marketbase_author;
