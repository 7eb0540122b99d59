select r.release, r.version, r.number, r.handles::text, r.knows::text, exists (
    select from {schema}.consumer_workers w
    where w.consumer = r.consumer and w.release = r.release and w.expires_at > clock_timestamp()
)
from {schema}.consumer_releases r
where r.consumer = $1
order by r.number
