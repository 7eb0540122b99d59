-- Gives a worker instances that are due, of each saga wanted the longest due first. `places` says which of the sagas wanted a definition belongs to.
--
-- `lost`: claims of the worker whose answers have not arrived, so that nobody knows of what they gave to it. That is due again.
--
-- The last row is no instance: `updated_at` is the time, `due_at` when the next one is due that nobody has.
create function {schema}.claim_sagas(claimer uuid, this_claim uuid, lost uuid[], wanted text[], rooms integer[], places integer[], accepted bigint[])
returns setof {schema}.sagas language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment timestamptz;
    alive boolean;
    rest {schema}.sagas;
begin
    -- Until this transaction ends nobody forgets the worker, which would leave what it gets now to an owner that is not known; renewing it is not hindered.
    perform from {schema}.saga_workers w where w.worker = claimer and w.expires_at > clock_timestamp() for key share;
    this_moment := clock_timestamp();
    alive := found;
    if cardinality(lost) > 0 then
        update {schema}.sagas s
        set owner = null, epoch = s.epoch + 1, due_at = this_moment
        where s.owner = claimer and s.claim = any (lost);
    end if;
    if alive then
        return query
        with due as materialized (
            select p.place, d.instance, d.due_at
            from (select places[i] as place, accepted[i] as definition from generate_series(1, cardinality(places)) i) p
            cross join lateral (
                select s.instance, s.due_at
                from {schema}.sagas s
                where s.saga = wanted[p.place] and s.definition = p.definition and s.owner is null and s.due_at <= this_moment
                order by s.due_at
                limit rooms[p.place]
                for update skip locked
            ) d
        ),
        claimed as materialized (
            select n.instance
            from (select d.*, row_number() over (partition by d.place order by d.due_at) as nth from due d) n
            where n.nth <= rooms[n.place]
            order by n.place, n.nth
        )
        update {schema}.sagas s
        set owner = claimer, claim = this_claim, epoch = s.epoch + 1, due_at = null
        from claimed c
        where s.instance = any (array[c.instance])
        returning s.*;
    end if;
    -- A statement of its own: it sees what was claimed.
    rest.due_at := (
        select min(n.due_at)
        from generate_series(1, cardinality(places)) i
        cross join lateral (
            select s.due_at
            from {schema}.sagas s
            where s.saga = wanted[places[i]] and s.definition = accepted[i] and s.owner is null and s.due_at is not null
            order by s.due_at
            limit 1
        ) n
    );
    rest.updated_at := this_moment;
    return next rest;
end
$$
