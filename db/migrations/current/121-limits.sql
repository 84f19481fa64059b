-- How long a provider wants to be left alone when it does not say so itself.
alter table ingest.provider add column if not exists limit_pause interval not null default '1 minute';
alter table ingest.provider drop constraint if exists provider_limit_pause_check;
alter table ingest.provider add constraint provider_limit_pause_check check (limit_pause > interval '0' and limit_pause <= interval '1 day');
alter table ingest.provider add column if not exists limit_time_zone text not null default 'UTC';
comment on column ingest.provider.limit_pause is 'How long it is left alone when it says that its limit is used up, without saying for how long.';
comment on column ingest.provider.limit_time_zone is 'Time zone in which its day ends, and with it a limit for the day; UTC where it does not say.';
update ingest.provider set limit_time_zone = 'Europe/Warsaw' where provider = 'stooq' and limit_time_zone = 'UTC';
update ingest.provider set limit_time_zone = 'America/New_York' where provider = 'alphavantage' and limit_time_zone = 'UTC';
