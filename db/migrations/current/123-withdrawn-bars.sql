-- Why a bar ended without another version in its place.
alter table market.price_data_history add column if not exists closed_reason text;
comment on column market.price_data_history.closed_reason is
'Why it was taken back, where no word of the same body took its place: its body, read again, no longer holds it; null for a version that another one followed.';
