with clock as materialized (
    select clock_timestamp() as now, make_interval(secs => $2) as duration
),
-- The shared lock: who pauses or replaces a generation waits for the end of this statement, and who comes after that finds it paused or gone.
wanted as (
    select c.name as consumer, c.generation, c.live, c.partitions, w.release
    from {schema}.consumers c
    join unnest($3::text[], $4::integer[], $9::text[]) w (consumer, generation, release) on w.consumer = c.name and w.generation = c.generation
    where not c.paused
    for share of c skip locked
),
registered as (
    insert into {schema}.consumer_workers as kept (consumer, generation, worker, since, expires_at, release)
    select w.consumer, w.generation, $1, clock.now, clock.now + clock.duration, w.release from wanted w cross join clock
    on conflict (consumer, generation, worker) do update
    set since = case when kept.expires_at > excluded.since then kept.since else excluded.since end, expires_at = excluded.expires_at,
        release = excluded.release
    returning consumer, generation, since
),
expired as (
    select o.consumer, o.generation, o.worker
    from {schema}.consumer_workers o join wanted w using (consumer, generation) cross join clock
    where o.worker <> $1 and o.expires_at <= clock.now
    for update of o skip locked
),
forgotten as (
    delete from {schema}.consumer_workers o using expired e
    where o.consumer = e.consumer and o.generation = e.generation and o.worker = e.worker
),
-- What partitions have needed, done or not. While workers run that can do all of it, they alone
-- count, and no other gets a partition.
needs as (
    select distinct p.consumer, p.generation, p.needs_name, p.needs_version, p.needs_handler
    from {schema}.consumer_partitions p join wanted w using (consumer, generation)
    where p.needs_name is not null
),
others as (
    select o.consumer, o.generation, o.worker, o.since, not exists (
        select from needs n
        where n.consumer = o.consumer and n.generation = o.generation
            and not {schema}.consumer_can_do(o.consumer, o.release, n.needs_name, n.needs_version, n.needs_handler)
    ) as able
    from {schema}.consumer_workers o join wanted w using (consumer, generation) cross join clock
    where o.worker <> $1 and o.expires_at > clock.now
),
able as (
    select w.consumer, w.generation, not exists (
        select from needs n
        where n.consumer = w.consumer and n.generation = w.generation
            and not {schema}.consumer_can_do(w.consumer, w.release, n.needs_name, n.needs_version, n.needs_handler)
    ) as own, exists (
        select from others o where o.consumer = w.consumer and o.generation = w.generation and o.able
    ) as others
    from wanted w
),
-- The partitions divided by the workers, rounded up. While another worker has less than that rounded down, nobody has more than a share that leaves enough for it: who came first has
-- one of those that are over.
share as (
    select w.consumer, w.generation, w.live, w.partitions, w.release,
        case when a.others and not a.own then 0 when o.least < w.partitions / o.workers
            then w.partitions / o.workers + (o.earlier < w.partitions % o.workers)::integer
            else (w.partitions + o.workers - 1) / o.workers
        end as share
    from wanted w join registered r using (consumer, generation) join able a using (consumer, generation) cross join clock
    cross join lateral (
        select count(*)::integer + 1 as workers, (count(*) filter (where (o.since, o.worker) < (r.since, $1)))::integer as earlier, min(o.has) as least
        from (
            select o.since, o.worker, (
                select count(*) from {schema}.consumer_partitions p
                where p.consumer = o.consumer and p.generation = o.generation and p.worker = o.worker and p.expires_at > clock.now
            ) as has
            from others o
            where o.consumer = w.consumer and o.generation = w.generation and (o.able or not (a.own or a.others))
        ) o
    ) o
),
-- What the worker has: first what it knows of, then what an answer that never arrived had given to it.
own as (
    select p.consumer, p.generation, p.partition, p.epoch, p.position, h.epoch is not null as known,
        row_number() over (partition by p.consumer, p.generation order by h.epoch is null, p.partition) <= s.share as within
    from share s
    join {schema}.consumer_partitions p on p.consumer = s.consumer and p.generation = s.generation and p.worker = $1
    left join unnest($5::text[], $6::integer[], $7::integer[], $8::bigint[]) h (consumer, generation, partition, epoch)
        on h.consumer = p.consumer and h.generation = p.generation and h.partition = p.partition and h.epoch = p.epoch
),
-- A row that its own batch has locked prolongs itself when that commits.
locked as (
    select p.consumer, p.generation, p.partition
    from own join {schema}.consumer_partitions p using (consumer, generation, partition, epoch)
    where p.worker = $1
    for update of p skip locked
),
prolonged as (
    update {schema}.consumer_partitions p
    set epoch = p.epoch + (not own.known)::integer, expires_at = clock.now + clock.duration, duration = clock.duration
    from locked l join own using (consumer, generation, partition) cross join clock
    where p.consumer = l.consumer and p.generation = l.generation and p.partition = l.partition and own.within
    returning p.consumer, p.generation, p.partition, p.epoch, p.position, own.known
),
given as (
    update {schema}.consumer_partitions p
    set epoch = p.epoch + 1, worker = null, expires_at = null
    from locked l join own using (consumer, generation, partition)
    where p.consumer = l.consumer and p.generation = l.generation and p.partition = l.partition and not own.within
    returning p.consumer, p.generation, p.partition
),
free as (
    select s.consumer, s.generation, f.partition
    from share s cross join clock
    cross join lateral (
        select p.partition
        from {schema}.consumer_partitions p
        where p.consumer = s.consumer and p.generation = s.generation
            and p.worker is distinct from $1 and (p.expires_at is null or p.expires_at <= clock.now)
            and (
                p.needs_name is null or p.position >= p.needs_at
                or {schema}.consumer_can_do(p.consumer, s.release, p.needs_name, p.needs_version, p.needs_handler)
            )
        order by p.partition
        limit greatest(s.share - (select count(*) from own where own.consumer = s.consumer and own.generation = s.generation), 0)
        for update skip locked
    ) f
),
claimed as (
    update {schema}.consumer_partitions p
    set epoch = p.epoch + 1, worker = $1, expires_at = clock.now + clock.duration, duration = clock.duration
    from free f cross join clock
    where p.consumer = f.consumer and p.generation = f.generation and p.partition = f.partition
    returning p.consumer, p.generation, p.partition, p.epoch, p.position
),
held as (
    select o.consumer, o.generation, o.partition, o.epoch, o.position from own o
    where o.known and not exists (
        select from given g where g.consumer = o.consumer and g.generation = o.generation and g.partition = o.partition
    )
    union all
    select consumer, generation, partition, epoch, position from prolonged where not known
    union all
    select consumer, generation, partition, epoch, position from claimed
)
select h.consumer, h.generation, s.live, h.partition, s.partitions, h.epoch, h.position
from held h join share s using (consumer, generation)
order by h.consumer, h.generation, h.partition
