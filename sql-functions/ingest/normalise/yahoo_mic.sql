-- Yahoo's names of exchanges, as market identifier codes.
create or replace function ingest.yahoo_mic(p_exchange_name text) returns text
language sql immutable parallel safe
return case p_exchange_name
  when 'NYQ' then 'XNYS' when 'NYS' then 'XNYS' when 'ASE' then 'XNYS' when 'DJI' then 'XNYS' when 'SNP' then 'XNYS' when 'WCB' then 'XNYS'
  when 'NMS' then 'XNAS' when 'NGM' then 'XNAS' when 'NCM' then 'XNAS' when 'NIM' then 'XNAS' when 'NAS' then 'XNAS'
  when 'PCX' then 'ARCX' when 'PNK' then 'OTCM' when 'OQB' then 'OTCM' when 'OQX' then 'OTCM'
  when 'CMX' then 'XCEC'
  when 'TOR' then 'XTSE' when 'LSE' then 'XLON' when 'GER' then 'XETR' when 'PAR' then 'XPAR' when 'OSL' then 'XOSL' when 'CPH' then 'XCSE'
  when 'JKT' then 'XIDX'
  when 'CCC' then 'XXXX'
  else 'XOFF'
end;

comment on function ingest.yahoo_mic(text) is
'The market identifier code of an exchange that Yahoo names in meta.exchangeName: XXXX for crypto, which never closes, XOFF (every weekday) for currencies and for names that are not known here or NULL.';

revoke all on function ingest.yahoo_mic(text) from public;
grant execute on function ingest.yahoo_mic(text) to marketbase_worker;
