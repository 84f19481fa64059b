-- The aggregates over frames that a piece of SQL calls.
create or replace function feature.frame_calls(p_sql text) returns table (
  call text,
  aggregate text,
  arguments text,
  bars integer
)
language sql immutable parallel safe
begin atomic
  select found.part[1], found.part[2], found.part[3], found.part[4]::integer + 1
  from regexp_matches(p_sql, '\m((\w+)\(((?:[^()]|\([^()]*\))*)\) over frame_(\d+))\M', 'g') as found (part);
end;

comment on function feature.frame_calls(text) is
'Each call such as avg(close) over frame_19 in p_sql, with the name of the aggregate, its arguments and the bars of its frame (20). Arguments may have one level of parentheses.';

revoke all on function feature.frame_calls(text) from public;
