-- Whether an identifier ends as its own digits say that it must.
create or replace function market.has_check_digit(p_kind text, p_value text) returns boolean
language sql immutable strict parallel safe
begin atomic
  with letter as (
    -- A is 10, Z 35; CUSIP goes on with * @ #
    select position, strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#', item.text) - 1 as value
    from regexp_split_to_table(p_value, '') with ordinality as item (text, position)
  ), digit as (
    select (row_number() over (order by letter.position desc, place.position desc))::integer as from_right, place.text::integer as value
    from letter
    cross join lateral regexp_split_to_table(letter.value::text, '') with ordinality as place (text, position)
  )
  select case
    when p_kind in ('isin', 'lei', 'cusip', 'figi', 'sedol') and exists (select from letter where value < 0) then false
    -- Luhn: every second digit from the right, the check digit not among them, counts twice.
    when p_kind = 'isin' then length(p_value) = 12 and (
      select sum(case when from_right % 2 = 0 then value * 2 / 10 + value * 2 % 10 else value end) % 10 = 0 from digit)
    -- ISO 7064, mod 97-10
    when p_kind = 'lei' then length(p_value) = 20 and (select string_agg(letter.value::text, '' order by letter.position)::numeric % 97 = 1 from letter)
    -- "Modulus 10 double add double": every second character counts twice, then digits are added.
    when p_kind in ('cusip', 'figi') then length(p_value) = case p_kind when 'cusip' then 9 else 12 end and (
      select (10 - sum(weighted / 10 + weighted % 10) filter (where position < length(p_value)) % 10) % 10
        = max(value) filter (where position = length(p_value))
      from (select letter.position, letter.value, letter.value * (2 - letter.position % 2) as weighted from letter) as counted)
    when p_kind = 'sedol' then length(p_value) = 7 and (
      select sum(letter.value * ('{1,3,1,7,3,9,1}'::integer[])[letter.position]) % 10 = 0 from letter)
    else true
  end;
end;

comment on function market.has_check_digit(text, text) is
'Whether the last digit of p_value, an identifier of p_kind in capitals, is the one that the others demand: isin (Luhn, ISO 6166), cusip (ANSI X9.6) and figi (OMG FIGI, both modulus 10 double add double), sedol (weights 1, 3, 1, 7, 3, 9), lei (ISO 7064 mod 97-10).
True for kinds without a check digit (symbol, cik), false for another length, NULL for NULL.';

revoke all on function market.has_check_digit(text, text) from public;
grant execute on function market.has_check_digit(text, text) to marketbase_reader;
