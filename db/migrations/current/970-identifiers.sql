-- Instruments that were there before their identifiers had spells.
insert into market.instrument_identifier (instrument_id, kind, value, run_id)
select instrument.instrument_id, known.kind, known.value, instrument.run_id
from market.instrument
cross join lateral (values ('symbol', instrument.symbol), ('cik', instrument.cik)) as known (kind, value)
where known.value is not null
  and not exists (
    select from market.instrument_identifier as there where there.instrument_id = instrument.instrument_id and there.kind = known.kind
  );
