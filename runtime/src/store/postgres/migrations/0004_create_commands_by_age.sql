create index commands_by_age on {schema}.commands (recorded_at)
