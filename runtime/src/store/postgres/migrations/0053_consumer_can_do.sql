-- Whether a release of a consumer can do an event. One that another release handles is left to that one while it runs, and when that one is the newer.
create function {schema}.consumer_can_do(of_consumer text, of_release text, event text, event_version integer, handler boolean)
returns boolean language sql stable as $$
    select coalesce((
        select coalesce((r.handles ->> event)::integer >= event_version, false)
            or (coalesce((r.knows ->> event)::integer >= event_version, false) and not (handler and exists (
                select from {schema}.consumer_releases o
                where o.consumer = of_consumer and o.handles ? event and (o.number > r.number or exists (
                    select from {schema}.consumer_workers w
                    where w.consumer = of_consumer and w.release = o.release and w.expires_at > clock_timestamp()
                ))
            )))
        from {schema}.consumer_releases r
        where r.consumer = of_consumer and r.release = of_release
    ), false)
$$
