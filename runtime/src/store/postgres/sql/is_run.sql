select exists (
    select from {schema}.consumer_partitions where consumer = $1 and worker is not null and expires_at > clock_timestamp()
)
