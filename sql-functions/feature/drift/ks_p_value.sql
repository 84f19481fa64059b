-- The probability of a Kolmogorov-Smirnov distance by chance.
create or replace function feature.ks_p_value(p_statistic double precision, p_baseline_count bigint, p_current_count bigint) returns double precision
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  n constant bigint := least(p_baseline_count, p_current_count);
  m constant bigint := greatest(p_baseline_count, p_current_count);
  -- In units of 1 / (n m), in which every distance is a whole number.
  reached constant double precision := round(p_statistic * n * m);
  all_paths double precision[];
  outer_paths double precision[];
  effective double precision;
  lambda double precision;
begin
  if p_statistic is null or n is null or n < 1 then
    return null;
  elsif reached <= 0 then
    return 1;
  elsif n * m <= 10000 then
    -- Every order of the two samples is a path through a grid and equally likely: count those that leave the band.
    all_paths := array_fill(1::double precision, array[n::integer + 1]);
    outer_paths := array_fill(0::double precision, array[n::integer + 1]);
    for j in 1 .. n loop
      outer_paths[j + 1] := (j * m >= reached or outer_paths[j] > 0)::integer;
    end loop;
    for i in 1 .. m loop
      outer_paths[1] := (i * n >= reached or outer_paths[1] > 0)::integer;
      for j in 1 .. n loop
        all_paths[j + 1] := all_paths[j + 1] + all_paths[j];
        outer_paths[j + 1] := case when abs(i * n - j * m) >= reached then all_paths[j + 1] else outer_paths[j + 1] + outer_paths[j] end;
      end loop;
    end loop;
    return outer_paths[n + 1] / all_paths[n + 1];
  end if;

  effective := sqrt(n::double precision * m / (n + m));
  lambda := (effective + 0.12 + 0.11 / effective) * p_statistic;
  -- Two series for the same sum: each converges where the other does not.
  if lambda < 1.18 then
    return (
      select 1 - sqrt(2 * pi()) / lambda * sum(exp(greatest(-power((2 * k - 1) * pi() / lambda, 2) / 8, -700)))
      from generate_series(1, 20) as k
    );
  end if;
  return (select 2 * sum(power(-1, k - 1) * exp(greatest(-2 * power(k * lambda, 2), -700))) from generate_series(1, 20) as k);
end
$$;

comment on function feature.ks_p_value(double precision, bigint, bigint) is
'Probability that two samples of p_baseline_count and p_current_count values from one continuous distribution lie p_statistic (0 to 1) or more apart in the sense of Kolmogorov and Smirnov, two-sided. Exact where the product of the counts is at most 10,000 (Hodges, Arkiv för Matematik 3, 1958: paths through a grid), else by the limit with the correction of Stephens (Journal of the Royal Statistical Society B 32, 1970). With ties it is too large, never too small. NULL for NULL or an empty sample.';

revoke all on function feature.ks_p_value(double precision, bigint, bigint) from public;
grant execute on function feature.ks_p_value(double precision, bigint, bigint) to marketbase_reader;
