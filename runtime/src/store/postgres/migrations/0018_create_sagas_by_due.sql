-- What claims look at: those of one definition, the longest due first.
create index sagas_by_due on {schema}.sagas (saga, definition, due_at) where owner is null and due_at is not null
