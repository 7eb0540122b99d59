create index parked_events_by_retry on {schema}.parked_events (consumer, generation, partition) where retry_at is not null
