-- What can be expected of a dataset by parameters alone.
create or replace view quality.expectation
with (security_invoker = true)
as
select
  known.expectation,
  known.family,
  known.is_whole,
  known.parameters::jsonb as parameters,
  known.description,
  known.great_expectations::text[] as great_expectations
from (
  values
    ('values_between', 'values', false, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'A column lies between min and max.', '{expect_column_values_to_be_between}'),
    ('values_in_set', 'values', false, '{"column": "column", "values": "list"}',
      'A column has one of some values.', '{expect_column_values_to_be_in_set}'),
    ('values_not_in_set', 'values', false, '{"column": "column", "values": "list"}',
      'A column has none of some values.', '{expect_column_values_to_not_be_in_set}'),
    ('values_null', 'values', false, '{"column": "column"}',
      'A column is null.', '{expect_column_values_to_be_null}'),
    ('values_not_null', 'values', false, '{"column": "column"}',
      'A column is not null.', '{expect_column_values_to_not_be_null}'),

    ('values_match_regex', 'text', false, '{"column": "column", "regex": "texts", "match_on": "text?"}',
      'A text matches a regular expression, or any or all of a list (match_on).', '{expect_column_values_to_match_regex,expect_column_values_to_match_regex_list}'),
    ('values_not_match_regex', 'text', false, '{"column": "column", "regex": "texts"}',
      'A text matches none of some regular expressions.', '{expect_column_values_to_not_match_regex,expect_column_values_to_not_match_regex_list}'),
    ('values_match_like', 'text', false, '{"column": "column", "pattern": "texts", "match_on": "text?"}',
      'A text is like a pattern, or like any or all of a list (match_on).', '{expect_column_values_to_match_like_pattern,expect_column_values_to_match_like_pattern_list}'),
    ('values_not_match_like', 'text', false, '{"column": "column", "pattern": "texts"}',
      'A text is like none of some patterns.', '{expect_column_values_to_not_match_like_pattern,expect_column_values_to_not_match_like_pattern_list}'),
    ('value_lengths_between', 'text', false, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of characters of a text lies between min and max.', '{expect_column_value_lengths_to_be_between,expect_column_value_lengths_to_equal}'),
    ('values_parse_as', 'text', false, '{"column": "column", "type": "text"}',
      'A text can be read as a type: json, timestamp, date, time, number, integer, boolean or uuid.', '{expect_column_values_to_be_dateutil_parseable,expect_column_values_to_be_json_parseable}'),
    ('values_match_strftime', 'text', false, '{"column": "column", "format": "text"}',
      'A text is a time in a format of strftime.', '{expect_column_values_to_match_strftime_format}'),
    ('values_match_json_schema', 'text', false, '{"column": "column", "schema": "object"}',
      'A JSON value, or a text that is one, fits a JSON schema (see quality.json_matches).', '{expect_column_values_to_match_json_schema}'),

    ('values_unique', 'series', true, '{"columns": "columns"}',
      'A column, or some columns together, has no value twice in a group.', '{expect_column_values_to_be_unique,expect_compound_columns_to_be_unique,expect_multicolumn_values_to_be_unique}'),
    ('values_increasing', 'series', true, '{"column": "column", "strict": "boolean?", "tolerance": "number?"}',
      'A column does not fall (strict: rises) from each row of a group to the next in time.', '{expect_column_values_to_be_increasing}'),
    ('values_decreasing', 'series', true, '{"column": "column", "strict": "boolean?", "tolerance": "number?"}',
      'A column does not rise (strict: falls) from each row of a group to the next in time.', '{expect_column_values_to_be_decreasing}'),
    ('values_z_score_below', 'series', true, '{"column": "column", "max_score": "number", "two_sided": "boolean?"}',
      'A column lies less than max_score standard deviations of its group from the mean; above it alone unless two_sided (default).', '{expect_column_value_z_scores_to_be_less_than}'),

    ('columns_equal', 'record', false, '{"columns": "columns", "tolerance": "number?", "ignore_row_if": "text?"}',
      'Two columns are equal.', '{expect_column_pair_values_to_be_equal}'),
    ('column_greater', 'record', false, '{"columns": "columns", "or_equal": "boolean?", "tolerance": "number?", "ignore_row_if": "text?"}',
      'The first of two columns is greater than the second.', '{expect_column_pair_values_a_to_be_greater_than_b}'),
    ('columns_in_set', 'record', false, '{"columns": "columns", "rows": "list", "ignore_row_if": "text?"}',
      'Some columns together have one of some combinations of values.', '{expect_column_pair_values_to_be_in_set}'),
    ('columns_distinct', 'record', false, '{"columns": "columns", "ignore_row_if": "text?"}',
      'No two of some columns have the same value in a row.', '{expect_select_column_values_to_be_unique_within_record}'),
    ('columns_sum_equal', 'record', false, '{"columns": "columns", "total": "number", "tolerance": "number?", "ignore_row_if": "text?"}',
      'The sum of some columns is total.', '{expect_multicolumn_sum_to_equal}'),
    ('condition', 'record', false, '{"expression": "text"}',
      'A condition on the columns of a row holds; rows where it is null are not counted.', '{unexpected_rows_expectation}'),

    ('min_between', 'figure', true, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The least value of a column lies between min and max.', '{expect_column_min_to_be_between}'),
    ('max_between', 'figure', true, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The greatest value of a column lies between min and max.', '{expect_column_max_to_be_between}'),
    ('mean_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The mean of a column lies between min and max.', '{expect_column_mean_to_be_between}'),
    ('median_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The median of a column (of an even number of values the mean of the two in the middle) lies between min and max.', '{expect_column_median_to_be_between}'),
    ('quantile_between', 'figure', true,
      '{"column": "column", "quantile": "number", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'A quantile of a column, interpolated linearly, lies between min and max.', '{expect_column_quantile_values_to_be_between}'),
    ('stdev_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The standard deviation of a column (of a sample, n - 1) lies between min and max.', '{expect_column_stdev_to_be_between}'),
    ('sum_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The sum of a column lies between min and max.', '{expect_column_sum_to_be_between}'),
    ('unique_count_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of different values of a column lies between min and max.', '{expect_column_unique_value_count_to_be_between}'),
    ('unique_share_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The number of different values of a column, divided by the number of values, lies between min and max.', '{expect_column_proportion_of_unique_values_to_be_between}'),
    ('non_null_share_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The share of rows in which a column is not null lies between min and max.', '{expect_column_proportion_of_non_null_values_to_be_between}'),
    ('row_count_between', 'figure', true, '{"min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of rows lies between min and max.', '{expect_table_row_count_to_be_between,expect_table_row_count_to_equal}'),
    ('row_count_equals', 'figure', true, '{"other_dataset": "text", "tolerance": "number?"}',
      'There are as many rows as in another dataset; by group where both have it.', '{expect_table_row_count_to_equal_other_table}'),

    ('most_common_in_set', 'distribution', true, '{"column": "column", "values": "list", "ties_okay": "boolean?"}',
      'The most common value of a column is one of some values; of several that are equally common each must be, or with ties_okay one.', '{expect_column_most_common_value_to_be_in_set}'),
    ('distinct_in_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'Every different value of a column is one of some values.', '{expect_column_distinct_values_to_be_in_set}'),
    ('distinct_contain_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'Each of some values occurs in a column.', '{expect_column_distinct_values_to_contain_set}'),
    ('distinct_equal_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'The different values of a column are some values, all and no others.', '{expect_column_distinct_values_to_equal_set}'),
    ('kl_divergence_below', 'distribution', true, '{"column": "column", "max_divergence": "number", "values": "list?", "bins": "list?", "weights": "list"}',
      'The distribution of a column diverges from the weights of some values, or of the intervals between bins, by at most max_divergence (Kullback and Leibler, in nats).',
      '{expect_column_kl_divergence_to_be_less_than}'),
    ('cramers_phi_below', 'distribution', true, '{"columns": "columns", "max_phi": "number"}',
      'Two columns are associated by a Cramér''s phi of at most max_phi (0: independent, 1: one follows from the other).', '{expect_column_pair_cramers_phi_value_to_be_less_than}'),

    ('column_exists', 'table', true, '{"column": "text", "position": "number?"}',
      'There is a column, at a position from 1 where one is given.', '{expect_column_to_exist}'),
    ('column_type_in', 'table', true, '{"column": "text", "types": "texts"}',
      'A column is of one of some types.', '{expect_column_values_to_be_of_type,expect_column_values_to_be_in_type_list}'),
    ('column_count_between', 'table', true, '{"min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of columns lies between min and max.', '{expect_table_column_count_to_be_between,expect_table_column_count_to_equal}'),
    ('columns_match', 'table', true, '{"columns": "texts", "ordered": "boolean?", "exact": "boolean?"}',
      'The columns are these: ordered in this order, exact (default) and no others.', '{expect_table_columns_to_match_ordered_list,expect_table_columns_to_match_set}'),

    ('metric_usual', 'metric', true,
      '{"metric": "text", "column": "column?", "max_score": "number", "season": "text?", "baseline": "number?", "min_baseline": "number?", "two_sided": "boolean?", "mic": "text?"}',
      'A figure of each day (row_count, sum, mean, null_share or lag) lies less than max_score robust standard deviations from those of the days before of the same season (none, weekday or session).', '{}')
) as known (expectation, family, is_whole, parameters, description, great_expectations);

comment on view quality.expectation is E'@primaryKey expectation\nWhat quality.define_rule can expect of a dataset by parameters alone. Every one takes also mostly (share of what is judged that must be as expected), row_condition (only rows that satisfy it), group_by (column; by default instrument_id where the dataset has it, null for all rows as one), time_column, warn and fail (parameters that replace those beside them for a warning and for a failure) and max_findings. Values that are null are not judged, except by values_null and values_not_null; a figure of no values neither.';
comment on column quality.expectation.expectation is E'@notNull\nName.';
comment on column quality.expectation.family is E'@notNull\nFunction that writes its query: quality.expect_<family>.';
comment on column quality.expectation.is_whole is E'@notNull\nTrue where all rows of a group have to be looked at again after new ones came; else the new ones are.';
comment on column quality.expectation.parameters is E'@notNull\nWhat it takes: name and kind of each parameter, with ? where it may be left out.';
comment on column quality.expectation.description is E'@notNull\nWhat is expected.';
comment on column quality.expectation.great_expectations is E'@notNull\nExpectations of Great Expectations that say the same.';

grant select on quality.expectation to marketbase_reader;
