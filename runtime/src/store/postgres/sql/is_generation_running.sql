-- Whether a worker asks for leases of the generation.
select exists (
    select from {schema}.consumer_workers w
    where w.consumer = $1 and w.generation = $2 and w.expires_at > clock_timestamp()
)
