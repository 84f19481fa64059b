-- Whether two statements of a split or dividend say the same.
create or replace function ingest.is_same_amount(
  p_amount numeric, p_factor double precision, p_currency text, p_other_amount numeric, p_other_factor double precision, p_other_currency text
) returns boolean
language sql immutable parallel safe
return p_currency is not distinct from p_other_currency
  and abs(p_amount * p_factor - p_other_amount * p_other_factor)
    <= 0.000001 * p_other_amount * p_other_factor + case when p_factor = p_other_factor then 0 else 0.0000005 * (p_factor + p_other_factor) end;

comment on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) is
'True when two amounts, each times its market.amount_factor, lie within one part in a million of each other and are in one currency (NULL for splits). Where the factors differ, half of the sixth decimal of each amount as it was given is allowed too: amounts that
were divided by later splits come rounded to six decimals. NULL when an amount or factor is NULL.';

revoke all on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) from public;
grant execute on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) to marketbase_worker;
