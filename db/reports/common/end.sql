-- How every report ends.
\echo '# End of report.'
commit;
