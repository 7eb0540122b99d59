create index sagas_by_owner on {schema}.sagas (owner) where owner is not null
