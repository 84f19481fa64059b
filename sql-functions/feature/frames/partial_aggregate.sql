-- How an aggregate over a long frame is put together from those over its parts.
create or replace function feature.partial_aggregate(p_aggregate text) returns table (
  state text,
  combined text,
  result text
)
language sql immutable parallel safe
begin atomic
  select partial.state, partial.combined, replace(partial.result, '{aggregate}', p_aggregate)
  from (
    values
      ('{count}'::text[], 'count', '%1$s + coalesce(%2$s, 0)', '%s'),
      ('{sum}', 'sum', 'coalesce(%1$s + %2$s, %1$s, %2$s)', '%s'),
      ('{max}', 'max', 'greatest(%1$s, %2$s)', '%s'),
      ('{min}', 'min', 'least(%1$s, %2$s)', '%s'),
      ('{avg,var_samp,var_pop,stddev_samp,stddev_pop}', 'feature.moments', 'coalesce(float8_combine(%1$s, %2$s), %1$s)', 'float8_{aggregate}(%s)'),
      (
        '{corr,covar_samp,covar_pop,regr_slope,regr_intercept,regr_r2,regr_avgx,regr_avgy,regr_sxx,regr_sxy,regr_syy}',
        'feature.comoments', 'coalesce(float8_regr_combine(%1$s, %2$s), %1$s)', 'float8_{aggregate}(%s)'
      ),
      ('{regr_count}', 'feature.comoments', 'coalesce(float8_regr_combine(%1$s, %2$s), %1$s)', '%s[1]')
  ) as partial (aggregates, state, combined, result)
  where p_aggregate = any (partial.aggregates);
end;

comment on function feature.partial_aggregate(text) is
'What a compiled query computes in the place of the built-in aggregate p_aggregate, as PostgreSQL does when several processes share one aggregation. No row where there is no such way.
state: aggregate of the partial result. combined: SQL of the partial result over a frame from those over its newer part (%1$s) and its older part (%2$s, NULL where no bars are that old). result: SQL of the aggregate from its partial result.';

revoke all on function feature.partial_aggregate(text) from public;
