-- Reads a condition on a row and writes it again with nothing in it but columns, literals and operations on them.
create or replace function quality.compile_condition(p_condition text, p_relation regclass)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- PostgreSQL reads the grammar; this reads the words. There is no select, table, values, with, array or dot among them, so that no query, table or other
  -- schema can be named, and no function but these, none of which reads, writes, waits or allocates more than it is given.
  c_words constant text[] := string_to_array(
    'and or not is null true false unknown between symmetric in like ilike similar to escape distinct from case when then else end at time zone '
    'current_date current_timestamp year month day hour minute second isodow doy quarter epoch', ' ');
  c_types constant text[] := string_to_array('date timestamp timestamptz time interval numeric integer int bigint double precision real text boolean', ' ');
  c_functions constant text[] := string_to_array(
    'abs sign sqrt exp ln log floor ceil ceiling round trunc power mod greatest least coalesce nullif length char_length lower upper btrim ltrim rtrim '
    'left right substr strpos starts_with extract date_part date_trunc make_date isfinite num_nulls num_nonnulls jsonb_typeof cardinality', ' ');
  c_token constant text := '^(\s+|''(?:[^'']|'''')*''|"(?:[^"]|"")+"|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|::|<=|>=|<>|!=|!~\*|!~|~\*|\|\||->>|->|[-~<>=+*/%^(),])';
  v_rest text := p_condition;
  v_token text;
  v_word text;
  v_before text := '';
  v_depth integer := 0;
  v_sql text := '';
  v_written text;
begin
  if p_condition is null or trim(p_condition) = '' or length(p_condition) > 4000 then
    raise exception using errcode = 'MB001',
      message = 'A condition has between 1 and 4000 characters.', hint = 'Write one such as close between low and high.';
  end if;
  while v_rest <> '' loop
    v_token := (regexp_match(v_rest, c_token))[1];
    if v_token is null then
      raise exception using errcode = 'MB001',
        message = format('The condition cannot be read from here on: %s', left(v_rest, 40)),
        hint = 'It may have columns, numbers, ''texts'', operators and the functions that sql-functions/quality/expectations/README.md lists.';
    end if;
    v_rest := substr(v_rest, length(v_token) + 1);
    continue when v_token ~ '^\s';
    v_word := lower(v_token);
    if v_token ~ '^[A-Za-z_]' then
      if v_rest ~ '^\s*\(' and v_before <> '::' and v_word = any (c_functions) then
        v_written := v_word;
      elsif v_before = '::' or v_word = any (c_types) and (v_rest ~ '^\s*''' or v_before = 'double') then
        if v_word <> all (c_types) then
          raise exception using errcode = 'MB001',
            message = format('%s is not a type that a condition may use.', left(v_token, 60)), hint = format('Use one of %s.', array_to_string(c_types, ', '));
        end if;
        v_written := v_word;
      elsif v_rest !~ '^\s*\(' and quality.dataset_type(p_relation, v_word) is not null and v_word <> all (c_words) then
        v_written := quality.dataset_column(p_relation, v_word);
      elsif v_word = any (c_words) then
        v_written := v_word;
      elsif v_rest ~ '^\s*\(' then
        raise exception using errcode = 'MB001',
          message = format('%s is not a function that a condition may use.', left(v_token, 60)), hint = format('Use one of %s.', array_to_string(c_functions, ', '));
      else
        v_written := quality.dataset_column(p_relation, v_token);
      end if;
    elsif v_token like '"%' then
      v_written := quality.dataset_column(p_relation, replace(substr(v_token, 2, length(v_token) - 2), '""', '"'));
    elsif v_token like '''%' then
      v_written := quote_literal(replace(substr(v_token, 2, length(v_token) - 2), '''''', ''''));
    else
      v_written := v_token;
      v_depth := v_depth + case v_token when '(' then 1 when ')' then -1 else 0 end;
      if v_depth < 0 or v_depth = 0 and v_token = ',' then
        raise exception using errcode = 'MB001',
          message = format('A %s stands outside of parentheses: %s', case v_token when ',' then 'comma' else 'closing parenthesis' end, left(v_token || v_rest, 40)),
          hint = 'Write one condition; join several by and.';
      end if;
    end if;
    -- A blank between any two tokens: no comment and no other operator can come of them.
    v_sql := concat_ws(' ', nullif(v_sql, ''), v_written);
    v_before := v_word;
  end loop;
  if v_depth > 0 then
    raise exception using errcode = 'MB001', message = 'A parenthesis of the condition is not closed.', hint = 'Close it.';
  end if;
  return format('( %s )', v_sql);
end;
$$;

comment on function quality.compile_condition(text, regclass) is
E'@behavior -*\nThe condition p_condition on a row d of p_relation, written again from its tokens: columns of the dataset, numbers, texts, operators, the words of comparisons and case, a list of functions and types that compute and do nothing else. What is not on the list is refused, so that a condition can read no other table, call nothing and change nothing, whoever runs it.
Whether the grammar is right and the result true or false is left to PostgreSQL, which is asked when the rule is defined. Errors: MB001 with what is not allowed.';

revoke all on function quality.compile_condition(text, regclass) from public;
grant execute on function quality.compile_condition(text, regclass) to marketbase_worker, marketbase_author;
