-- By workers, or by instances of a saga that follow a version above $3.
select exists (
    select from {schema}.consumer_workers w
    where w.consumer = $1 and w.generation = $2 and w.expires_at > clock_timestamp()
) or ($4 and exists (
    select from {schema}.sagas s
    where s.saga = $1 and s.version > $3 and s.status not in ('completed', 'compensated')
))
