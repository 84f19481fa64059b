-- How every report begins. Before it the report sets ON_ERROR_STOP (psql asks for it when it reads the line that includes this file), report (its
-- name), title and takes (the parameters that it takes); afterwards there are
-- as_of, from_date, to_date, instrument_id (0: all) and lines, checked, in a transaction that reads one state and cannot write.
\set QUIET on
\set VERBOSITY terse
\set SHOW_CONTEXT never
\timing off
\pset border 1
\pset linestyle ascii
\pset expanded off
\pset footer on
\pset null ''
\pset numericlocale off
\pset pager off
\pset tuples_only off
\encoding UTF8

begin transaction isolation level repeatable read, read only;
set local time zone 'UTC';
set local datestyle to 'ISO, YMD';
set local extra_float_digits to 1;

-- What was given at all: a value that is empty by mistake must not mean something else.
\set given ''
\if :{?as_of}
\set given :given 'as_of '
\else
\set as_of ''
\endif
\if :{?from}
\set given :given 'from '
\else
\set from ''
\endif
\if :{?to}
\set given :given 'to '
\else
\set to ''
\endif
\if :{?symbol}
\set given :given 'symbol '
\else
\set symbol ''
\endif
\if :{?date}
\set given :given 'date '
\else
\set date ''
\endif
\if :{?feature}
\set given :given 'feature '
\else
\set feature ''
\endif
\if :{?prediction}
\set given :given 'prediction '
\else
\set prediction ''
\endif
\if :{?portfolio}
\set given :given 'portfolio '
\else
\set portfolio ''
\endif
\if :{?lines}
\set given :given 'lines '
\else
\set lines ''
\endif
select parameter.*
from quality.report_parameters(:'report', :'takes', jsonb_build_object(
  'as_of', :'as_of', 'from', :'from', 'to', :'to', 'symbol', :'symbol', 'date', :'date',
  'feature', :'feature', 'prediction', :'prediction', 'portfolio', :'portfolio', 'lines', :'lines'
), :'given') as parameter \gset

\echo '# marketbase:' :title
\echo '# As of:   ' :as_of_title 'UTC'
\echo '# Database:' :database
