-- The two parts that a long frame is put together from.
create or replace function feature.frame_parts(p_bars integer) returns table (newer integer, older integer)
language sql immutable parallel safe
begin atomic
  select p_bars - part.older, part.older
  from (
    select case when p_bars % 4 = 0 then p_bars / 2 when p_bars % 3 = 0 then p_bars / 3 when p_bars % 2 = 0 then p_bars / 2 else 1 end as older
  ) as part
  where p_bars > 8;
end;

comment on function feature.frame_parts(integer) is
'The lengths of the newer and the older part of a frame of p_bars bars; no row up to 8 bars, which are added up one by one.
The parts depend on p_bars alone, so that a value does not depend on which other frames a set has: halves of multiples of four, two thirds and one third of other multiples of three, halves of other even numbers, else all bars but the oldest. The usual 5, 10, 20, 30 and 60 bars are made from each other.';

revoke all on function feature.frame_parts(integer) from public;
