-- Expectations of the distribution of a column.
create or replace function quality.expect_distribution(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_name constant text := coalesce(p_parameters ->> 'column', p_parameters -> 'columns' ->> 0);
  v_column text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_set text;
  v_other text;
  v_cells text[];
  v_weights text;
  v_frame quality.expectation_frame := p_frame;
begin
  if p_expectation = 'cramers_phi_below' then
    if jsonb_array_length(p_parameters -> 'columns') <> 2 then
      raise exception using errcode = 'MB001', message = 'cramers_phi_below takes two columns.', hint = 'Name two.';
    end if;
    v_other := quality.dataset_column(p_frame.relation, p_parameters -> 'columns' ->> 1);
    v_frame.rows_sql := format(
      'select d.*, count(*) over (%3$s, %1$s, %2$s) as _both, count(*) over (%3$s, %1$s) as _one, count(*) over (%3$s, %2$s) as _two from (%4$s) as d',
      v_column, v_other, format('partition by d._group, d._masked, num_nulls(%s, %s) = 0', v_column, v_other), p_frame.rows_sql
    );
    return row(
      quality.figure_source(
        v_frame,
        format(
          'case when least(count(distinct %1$s) %3$s, count(distinct %2$s) %3$s) > 1 then '
          'sqrt(greatest(sum(d._both::double precision / (d._one * d._two)) %3$s - 1, 0) / (least(count(distinct %1$s) %3$s, count(distinct %2$s) %3$s) - 1)) end as _value',
          v_column, v_other, format('filter (where not d._masked and num_nulls(%s, %s) = 0)', v_column, v_other)
        ),
        'jsonb_build_object(''phi'', f._value)', format('f._value <= %L::double precision', p_parameters ->> 'max_phi')
      ),
      p_frame.is_by_instrument,
      format('a Cramer phi of %s and %s of at most %s', v_name, p_parameters -> 'columns' ->> 1, p_parameters ->> 'max_phi')
    );

  elsif p_expectation = 'kl_divergence_below' then
    if p_parameters ->> 'values' is null = (p_parameters ->> 'bins' is null) then
      raise exception using errcode = 'MB001', message = 'kl_divergence_below takes either values or bins.', hint = 'Values are counted as they are, bins are the limits of intervals.';
    elsif jsonb_path_exists(p_parameters -> 'weights', '$[*] ? (@.type() != "number" || @ < 0)')
      or jsonb_array_length(p_parameters -> 'weights') <> jsonb_array_length(coalesce(p_parameters -> 'values', p_parameters -> 'bins')) - (p_parameters ? 'bins')::integer
    then
      raise exception using errcode = 'MB001',
        message = 'weights is not a list with a number for each of the values, or for each interval between two bins.', hint = 'Give as many weights as values, or one less than bins.';
    end if;
    if p_parameters ? 'values' then
      v_cells := array(
        select format('%s = %s', v_column, quality.typed_literal(listed.value, v_type))
        from jsonb_array_elements(p_parameters -> 'values') with ordinality as listed (value, position) order by listed.position
      );
    else
      perform quality.number_column(p_frame.relation, v_name);
      v_cells := array(
        select format(
          '%1$s >= %2$s and %1$s %4$s %3$s', v_column, quality.typed_literal(bin.value, v_type), quality.typed_literal(bin.next, v_type), case when bin.is_last then '<=' else '<' end
        )
        from (
          select listed.value, lead(listed.value) over by_position as next, lead(listed.value, 2) over by_position is null as is_last, listed.position
          from jsonb_array_elements(p_parameters -> 'bins') with ordinality as listed (value, position)
          window by_position as (order by listed.position)
        ) as bin
        where bin.next is not null
        order by bin.position
      );
    end if;
    -- What is in no cell is one more, without a weight.
    v_cells := v_cells || format('not (%s)', array_to_string(v_cells, ' or '));
    select string_agg(weight.value, ', ' order by weight.position) into v_weights
    from jsonb_array_elements_text(p_parameters -> 'weights') with ordinality as weight (value, position);
    return row(
      quality.figure_source(
        p_frame,
        format('quality.kl_divergence(array[%s], array[%s, 0]::double precision[]) as _value',
          (select string_agg(format('count(*) filter (where not d._masked and (%s))', cell.condition), ', ' order by cell.position) from unnest(v_cells) with ordinality as cell (condition, position)),
          v_weights),
        'jsonb_build_object(''divergence'', f._value)', format('f._value <= %L::double precision', p_parameters ->> 'max_divergence')
      ),
      p_frame.is_by_instrument, format('a distribution of %s that diverges by at most %s', v_name, p_parameters ->> 'max_divergence')
    );
  end if;

  -- Both sides are of one type, so that they can be compared as arrays.
  v_set := format('%s::text[]', quality.typed_array(p_parameters -> 'values', v_type));
  if p_expectation = 'most_common_in_set' then
    v_frame.rows_sql := format(
      'select d.*, max(d._count) over (partition by d._group, d._masked) as _most from (select d.*, case when %1$s is not null then count(*) over (partition by d._group, d._masked, %1$s) end as _count from (%2$s) as d) as d',
      v_column, p_frame.rows_sql
    );
  end if;
  v_column := case when v_type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then v_column || '::numeric::text' else v_column || '::text' end;
  return row(
    quality.figure_source(
      v_frame,
      format(
        'array_agg(distinct %1$s) filter (where not d._masked and %1$s is not null%2$s) as _values', v_column,
        case p_expectation when 'most_common_in_set' then ' and d._count = d._most' else '' end
      ),
      format(
        'jsonb_build_object(''unexpected'', to_jsonb(array(select value from unnest(f._values) as value where value <> all (%1$s) order by value limit 20)), '
        '''missing'', to_jsonb(array(select value from unnest(%1$s) as value where value <> all (f._values) order by value limit 20)))', v_set
      ),
      format(
        case
          when p_expectation = 'distinct_contain_set' then 'f._values @> %1$s'
          when p_expectation = 'distinct_equal_set' then 'f._values @> %1$s and f._values <@ %1$s'
          when (p_parameters -> 'ties_okay')::boolean then 'f._values && %1$s'
          else 'f._values <@ %1$s'
        end, v_set
      )
    ),
    p_frame.is_by_instrument,
    format(
      case p_expectation
        when 'most_common_in_set' then 'the most common value of %s one of %s'
        when 'distinct_in_set' then 'all values of %s among %s'
        when 'distinct_contain_set' then 'among the values of %s each of %s'
        else 'as values of %s all of %s and no other'
      end, v_name, left(p_parameters ->> 'values', 200)
    )
  );
end;
$$;

comment on function quality.expect_distribution(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family distribution of quality.expectation are checked in p_frame. The last of the intervals between bins includes its end; a value in no cell makes the divergence infinite; weights are scaled to a sum of 1. Cramér''s phi is the root of chi squared / n / (smaller number of values - 1), without a correction; it is not judged where a column has one value alone. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_distribution(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_distribution(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
