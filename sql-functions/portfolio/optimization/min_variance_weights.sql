-- The fully invested portfolio of least variance within bounds.
create or replace function portfolio.min_variance_weights(
  p_covariance double precision[],
  p_lower double precision[],
  p_upper double precision[]
) returns double precision[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  n constant integer := coalesce(cardinality(p_lower), 0);
  -- The sums of bounds and weights are compared with this.
  v_tolerance constant double precision := 1e-12;
  v_scale double precision := 0;
  v_share double precision;
  w double precision[];
  v_bound integer[];      -- -1 held at its lower bound, 1 at its upper one, 0 free
  v_free integer[];
  v_matrix double precision[];
  v_row double precision[];
  v_fixed_effect double precision[];
  v_to_one double precision[];
  v_to_fixed double precision[];
  v_budget double precision;
  v_lambda double precision;
  v_target double precision;
  v_step double precision;
  v_blocking integer;
  v_side integer;
  v_lower_sum double precision;
  v_upper_sum double precision;
  v_worst double precision;
  v_release integer;
  s double precision;
begin
  if n = 0 or cardinality(p_upper) is distinct from n or array_ndims(p_covariance) is distinct from 2
    or array_length(p_covariance, 1) <> n or array_length(p_covariance, 2) <> n
  then
    raise exception using
      errcode = 'MB001',
      message = 'the covariance must be a square matrix, and each instrument needs a lower and an upper bound',
      hint = 'Pass the matrix as a list of rows, such as array[[0.04, 0.01], [0.01, 0.09]].';
  end if;
  for i in 1 .. n loop
    if not coalesce(p_lower[i] between 0 and p_upper[i] and p_upper[i] <= 1, false) then
      raise exception using
        errcode = 'MB001',
        message = format('the bounds [%s, %s] of instrument %s are not 0 <= lower <= upper <= 1', p_lower[i], p_upper[i], i);
    end if;
    v_scale := greatest(v_scale, p_covariance[i][i]);
  end loop;
  select sum(upper_bound), sum(lower_bound) into v_upper_sum, v_lower_sum from unnest(p_upper, p_lower) as bounds (upper_bound, lower_bound);
  if v_lower_sum > 1 + v_tolerance or v_upper_sum < 1 - v_tolerance then
    raise exception using
      errcode = 'MB009',
      message = format('no weights within the bounds add up to 1: the lower bounds add up to %s, the upper ones to %s', v_lower_sum, v_upper_sum),
      hint = 'Widen the bounds.';
  end if;

  -- A feasible start: as far into the bounds as the budget allows, equally for all.
  v_share := case
    when v_upper_sum - v_lower_sum > v_tolerance then least(greatest((1 - v_lower_sum) / (v_upper_sum - v_lower_sum), 0), 1)
    else 0
  end;
  for i in 1 .. n loop
    w[i] := p_lower[i] + v_share * (p_upper[i] - p_lower[i]);
    v_bound[i] := case when p_upper[i] - p_lower[i] <= v_tolerance or v_share = 0 then -1 when v_share = 1 then 1 else 0 end;
  end loop;
  if v_share in (0, 1) then
    return w;
  end if;

  for v_round in 1 .. 100 + 20 * n loop
    v_free := array(select i from generate_subscripts(v_bound, 1) as i where v_bound[i] = 0 order by i);

    -- The least variance with the bound ones held: C_ff w_f + C_fb w_b = lambda 1, sum(w) = 1.
    v_matrix := '{}';
    v_fixed_effect := '{}';
    v_budget := 1;
    for i in 1 .. n loop
      if v_bound[i] <> 0 then
        v_budget := v_budget - w[i];
        continue;
      end if;
      v_row := '{}';
      s := 0;
      for j in 1 .. n loop
        if v_bound[j] = 0 then
          v_row := v_row || p_covariance[i][j];
        else
          s := s + p_covariance[i][j] * w[j];
        end if;
      end loop;
      v_matrix := v_matrix || array[v_row];
      v_fixed_effect := v_fixed_effect || s;
    end loop;
    v_to_one := ml.solve_spd(v_matrix, array_fill(1.0::double precision, array[cardinality(v_free)]));
    v_to_fixed := ml.solve_spd(v_matrix, v_fixed_effect);
    select (v_budget + sum(to_fixed)) / sum(to_one) into v_lambda from unnest(v_to_one, v_to_fixed) as solved (to_one, to_fixed);

    -- Go there, or as far as the first bound in the way.
    v_step := 1;
    v_blocking := null;
    for k in 1 .. cardinality(v_free) loop
      v_target := v_lambda * v_to_one[k] - v_to_fixed[k];
      if v_target < p_lower[v_free[k]] - v_tolerance then
        s := (w[v_free[k]] - p_lower[v_free[k]]) / (w[v_free[k]] - v_target);
      elsif v_target > p_upper[v_free[k]] + v_tolerance then
        s := (p_upper[v_free[k]] - w[v_free[k]]) / (v_target - w[v_free[k]]);
      else
        continue;
      end if;
      if v_blocking is null or s < v_step then
        v_step := s;
        v_blocking := v_free[k];
        v_side := case when v_target < p_lower[v_free[k]] then -1 else 1 end;
      end if;
    end loop;
    for k in 1 .. cardinality(v_free) loop
      v_target := v_lambda * v_to_one[k] - v_to_fixed[k];
      s := w[v_free[k]] + v_step * (v_target - w[v_free[k]]);
      w[v_free[k]] := least(greatest(s, p_lower[v_free[k]]), p_upper[v_free[k]]);
    end loop;
    if v_blocking is not null then
      v_bound[v_blocking] := v_side;
      w[v_blocking] := case v_side when -1 then p_lower[v_blocking] else p_upper[v_blocking] end;
      continue;
    end if;

    -- Optimal unless a bound one would lower the variance by coming off its bound: let go of the one that would most.
    v_worst := 1e-12 * v_scale;
    v_release := null;
    for i in 1 .. n loop
      if v_bound[i] = 0 or p_upper[i] - p_lower[i] <= v_tolerance then
        continue;
      end if;
      s := 0;
      for j in 1 .. n loop
        s := s + p_covariance[i][j] * w[j];
      end loop;
      if v_bound[i] * (s - v_lambda) > v_worst then
        v_worst := v_bound[i] * (s - v_lambda);
        v_release := i;
      end if;
    end loop;
    if v_release is null then
      return w;
    end if;
    v_bound[v_release] := 0;
  end loop;

  raise exception using
    errcode = 'MB009',
    message = 'the minimum-variance weights were not found: the covariance matrix is too close to singular',
    hint = 'Use a longer window or fewer instruments.';
end
$$;

comment on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) is
'The weights w that minimise w'' C w with sum(w) = 1 and p_lower <= w <= p_upper (0 <= lower <= upper <= 1), for a positive definite covariance matrix C
(p_covariance, n rows of n): the exact optimum, by a primal active-set method (Nocedal and Wright, Numerical Optimization, 16.5). MB001 for shapes or bounds
that make no sense, MB009 where no weights within the bounds add up to 1 or the matrix is singular.';

revoke all on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) from public;
grant execute on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) to marketbase_analyst;
