-- It had fewer arguments.
drop function if exists quality.report_parameters(text, text, jsonb);
