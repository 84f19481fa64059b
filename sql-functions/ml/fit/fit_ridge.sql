-- Ridge regression of the label on the standardised features, by the normal equations.
create or replace function ml.fit_ridge(p_rows ml.training_row[], p_lambda double precision) returns ml.ridge_fit
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_fit ml.ridge_fit;
  v_is_constant boolean[];
  v_gram double precision[];
  v_moments double precision[];
begin
  if not p_lambda >= 0 or p_lambda = 'infinity' or p_lambda = 'NaN' then
    raise exception using errcode = 'MB001', message = format('lambda must be a number that is not negative, not %s', p_lambda);
  end if;

  select count(*), avg(label) into v_fit.row_count, v_fit.intercept from unnest(p_rows);
  if v_fit.row_count < 2 then
    raise exception using
      errcode = 'MB007',
      message = format('a regression needs 2 rows at least; there are %s', v_fit.row_count);
  end if;

  -- Means and scales, of these rows only. A deviation below the rounding error of the mean is none.
  with cell as (
    select feature.position, feature.value
    from unnest(p_rows) as training
    cross join lateral unnest(training.features) with ordinality as feature (value, position)
  ),
  moment as (
    select position, avg(value) as mean, stddev_pop(value) as deviation
    from cell
    group by position
  )
  select
    array_agg(mean order by position),
    array_agg(deviation <= 1e-12 * abs(mean) order by position),
    array_agg(case when deviation <= 1e-12 * abs(mean) then 1 else deviation end order by position)
  into v_fit.feature_means, v_is_constant, v_fit.feature_scales
  from moment;

  -- X'X + lambda I and X'y. The sums run over centred values in the order of the rows, so that the same rows give the same bits.
  with standardised as (
    select
      feature.position,
      array_agg(
        case
          when v_is_constant[feature.position] then 0
          else (feature.value - v_fit.feature_means[feature.position]) / v_fit.feature_scales[feature.position]
        end
        order by training.row_no
      ) as z
    from unnest(p_rows) with ordinality as training (
      instrument_id, ts, decision_time, feature_revision, features, label, label_end, label_known_from, row_no
    )
    cross join lateral unnest(training.features) with ordinality as feature (value, position)
    group by feature.position
  ),
  centred as (
    select array_agg(label - v_fit.intercept order by row_no) as y
    from unnest(p_rows) with ordinality as training (
      instrument_id, ts, decision_time, feature_revision, features, label, label_end, label_known_from, row_no
    )
  ),
  gram as (
    select
      a.position as row_position,
      array_agg(
        case
          when b.position > a.position then 0
          else (select sum(product.a_value * product.b_value) from unnest(a.z, b.z) as product (a_value, b_value))
            + case
              when b.position < a.position then 0
              when v_is_constant[a.position] then 1
              else p_lambda
            end
        end
        order by b.position
      ) as row_values
    from standardised a
    cross join standardised b
    group by a.position
  )
  select
    (select array_agg(row_values order by row_position) from gram),
    (
      select array_agg((select sum(product.z_value * product.y_value) from unnest(a.z, centred.y) as product (z_value, y_value)) order by a.position)
      from standardised a
      cross join centred
    )
  into v_gram, v_moments;

  v_fit.coefficients := ml.solve_spd(v_gram, v_moments);
  return v_fit;
end
$$;

comment on function ml.fit_ridge(ml.training_row[], double precision) is
'Ridge regression of label on features: minimises sum((label - intercept - z b)^2) + p_lambda * sum(b^2), where z are the features minus their means, divided
by their population standard deviations, both of these rows; the intercept is not penalised (Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning, 3.4.1; the convention of scikit-learn''s StandardScaler and Ridge(alpha = lambda)). The features of all rows are complete and equally many. A
feature that does not vary gets scale 1 and coefficient 0. MB001 for a negative p_lambda, MB007 for fewer than 2 rows, MB009 where p_lambda is 0 and features
depend on each other.';

revoke all on function ml.fit_ridge(ml.training_row[], double precision) from public;
grant execute on function ml.fit_ridge(ml.training_row[], double precision) to marketbase_analyst;
