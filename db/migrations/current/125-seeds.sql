-- The exchanges and providers that marketbase knows by itself.
insert into market.exchange (mic, name, time_zone, country, calendar)
values
  ('XNYS', 'New York Stock Exchange', 'America/New_York', 'US', 'sessions'),
  ('XNAS', 'Nasdaq', 'America/New_York', 'US', 'sessions'),
  ('ARCX', 'NYSE Arca', 'America/New_York', 'US', 'sessions'),
  ('OTCM', 'OTC Markets', 'America/New_York', 'US', 'sessions'),
  ('XCEC', 'Commodities Exchange Center', 'America/New_York', 'US', 'weekdays'),
  ('XTSE', 'Toronto Stock Exchange', 'America/Toronto', 'CA', 'weekdays'),
  ('XLON', 'London Stock Exchange', 'Europe/London', 'GB', 'weekdays'),
  ('XETR', 'Xetra', 'Europe/Berlin', 'DE', 'weekdays'),
  ('XPAR', 'Euronext Paris', 'Europe/Paris', 'FR', 'weekdays'),
  ('XOSL', 'Oslo Børs', 'Europe/Oslo', 'NO', 'weekdays'),
  ('XCSE', 'Nasdaq Copenhagen', 'Europe/Copenhagen', 'DK', 'weekdays'),
  ('XIDX', 'Indonesia Stock Exchange', 'Asia/Jakarta', 'ID', 'weekdays'),
  ('XOFF', 'Off-exchange: currencies and whatever has no known exchange', 'UTC', 'ZZ', 'weekdays'),
  ('XXXX', 'No exchange: markets that never close', 'UTC', 'ZZ', 'always')
on conflict (mic) do update
set name = excluded.name, time_zone = excluded.time_zone, country = excluded.country, calendar = excluded.calendar;

insert into ingest.provider (provider, title, priority, hosts, api_key_variable, requests_per_minute, terms)
values
  ('csv', 'Files of the user', 10, '{}', null, null, 'The user''s own data and corrections; it wins over every other provider.'),
  ('yahoo', 'Yahoo Finance', 20, '{query1.finance.yahoo.com,query2.finance.yahoo.com}', null, 30,
    'For personal use under the terms of service of Yahoo; there is no official API.'),
  ('sec', 'U.S. Securities and Exchange Commission, EDGAR', 30, '{data.sec.gov,www.sec.gov}', null, 300,
    'Public domain; fair access asks for a User-Agent with a contact address and at most ten requests a second.'),
  ('sample', 'Samples that come with marketbase', 90, '{}', null, null,
    'Bars from the npm packages @observablehq/sample-datasets (AAPL) and vega-datasets (S&P 500), figures from Apple''s public filings; for trying out.')
on conflict (provider) do update
set title = excluded.title, priority = excluded.priority, hosts = excluded.hosts, api_key_variable = excluded.api_key_variable,
  requests_per_minute = excluded.requests_per_minute, terms = excluded.terms;
