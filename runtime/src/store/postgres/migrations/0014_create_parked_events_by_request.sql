-- Those who run partitions look for requests again and again, and there is hardly ever one.
create index parked_events_by_request on {schema}.parked_events (consumer, generation, partition) where request is not null
