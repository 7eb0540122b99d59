-- `pause_reason`: why a consumer has paused itself. `replace_anyway`: why the generation that is being
-- built may take the place of the live one although some of its events failed.
alter table {schema}.consumers add column pause_reason text, add column replace_anyway text
