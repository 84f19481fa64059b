-- Draws the instruments that a look-ahead probe looks at.
create or replace function feature.probe_panel(p_bar_interval text, p_size integer, p_seed bigint) returns bigint[]
language sql stable parallel safe
begin atomic
  with candidate as (
    select
      instrument.instrument_id,
      hashint8extended(instrument.instrument_id, p_seed) as draw,
      exists (
        select from market.price_data_history as closed
        where closed.instrument_id = instrument.instrument_id and closed.bar_interval = p_bar_interval
      ) as has_corrections,
      exists (
        select from market.company_fundamental_history as closed where closed.instrument_id = instrument.instrument_id
      ) as has_restatements,
      exists (
        select from market.company_fundamental as fact where fact.instrument_id = instrument.instrument_id
      ) as has_facts
    from market.instrument as instrument
    where exists (
      select from market.price_data as bar
      where bar.instrument_id = instrument.instrument_id and bar.bar_interval = p_bar_interval
      offset 1
    )
  ),
  -- One of each kind in turn: what was corrected or restated has a past that differs from what is stored now.
  ranked as (
    select
      candidate.instrument_id, candidate.draw,
      row_number() over (
        partition by candidate.has_corrections, candidate.has_restatements, candidate.has_facts order by candidate.draw
      ) as turn,
      candidate.has_corrections::integer + candidate.has_restatements::integer + candidate.has_facts::integer as kind
    from candidate
  ),
  drawn as (
    select ranked.instrument_id
    from ranked
    order by ranked.turn, ranked.kind desc, ranked.draw
    limit p_size
  )
  select coalesce(array_agg(drawn.instrument_id order by drawn.instrument_id), '{}')
  from drawn;
end;

comment on function feature.probe_panel(text, integer, bigint) is
'Up to p_size instruments with two bars of length p_bar_interval or more, drawn by p_seed, by turns from those with corrected bars, with restated facts, with facts and without; sorted. An empty array where there are none.';

revoke all on function feature.probe_panel(text, integer, bigint) from public;
grant execute on function feature.probe_panel(text, integer, bigint) to marketbase_worker;
