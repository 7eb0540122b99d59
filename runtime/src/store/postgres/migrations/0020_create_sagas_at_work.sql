-- Whether there is any is asked again and again by those who wait for the end of all. Those that wait for events, and those that have ended, are not in it.
create index sagas_at_work on {schema}.sagas (saga, status) where owner is null and status in ('running', 'compensating')
