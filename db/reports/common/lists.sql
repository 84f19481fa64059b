-- What a reader has to know about the lists of a report.
\echo '# Times are UTC; a blank means that there is none. A list shows at most' :lines 'lines; counts are of everything.'
\echo '#'
