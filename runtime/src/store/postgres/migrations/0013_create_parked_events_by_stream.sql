create unique index parked_events_by_stream on {schema}.parked_events (consumer, generation, partition, stream, position)
