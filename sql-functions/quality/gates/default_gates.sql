-- The gates that marketbase brings: critical findings in what a step reads. A gate that was set otherwise stays as it is.
select quality.define_gate(gate.step, gate.datasets, '{critical}', '{}', gate.description)
from (
  values
    ('features', array['price_data', 'company_fundamental'], 'Features of wrong bars and facts are wrong, and look right.'),
    ('train', array['price_data', 'company_fundamental', 'feature_vector'], 'A model learns what is wrong in its data.'),
    ('predict', array['price_data', 'company_fundamental', 'feature_vector'], 'A prediction from wrong data is acted on.')
) as gate (step, datasets, description)
where not exists (select from quality.gate as known where known.step = gate.step);
