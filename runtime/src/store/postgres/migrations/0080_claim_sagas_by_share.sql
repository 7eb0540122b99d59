-- Gives a worker instances that are due, the longest due first, at most `room` of all sagas together. First each saga
-- gets its share, in the order of `wanted`; then the rest is divided evenly among the sagas that took all they could get so
-- far, up to their rooms. `places` says which of the sagas wanted a definition belongs to. `claim_sagas`, which older processes call,
-- has no shares.
--
-- `lost`: claims of the worker whose answers have not arrived: what they gave is due again.
--
-- The last row is no instance: `updated_at` is the time, `due_at` when the next instance without an owner is due.
create function {schema}.claim_sagas_by_share(
    claimer uuid, this_claim uuid, lost uuid[], room integer, wanted text[], shares integer[], rooms integer[],
    places integer[], accepted bigint[]
) returns setof {schema}.sagas language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment timestamptz;
    alive boolean;
    rest {schema}.sagas;
    still integer := room;
    got integer[] := array_fill(0, array[cardinality(wanted)]);
    -- Whether more may be due than was given.
    hungry boolean[] := array_fill(true, array[cardinality(wanted)]);
    round integer := 0;
    hungries integer;
    most integer;
    taken integer;
begin
    -- See claim_sagas.
    perform from {schema}.saga_workers w where w.worker = claimer and w.expires_at > clock_timestamp() for key share;
    this_moment := clock_timestamp();
    alive := found;
    if cardinality(lost) > 0 then
        update {schema}.sagas s
        set owner = null, epoch = s.epoch + 1, due_at = this_moment
        where s.owner = claimer and s.claim = any (lost);
    end if;
    loop
        round := round + 1;
        hungries := (select count(*) from generate_series(1, cardinality(wanted)) at where hungry[at] and got[at] < rooms[at]);
        exit when not alive or still <= 0 or hungries = 0;
        for at in 1..cardinality(wanted) loop
            continue when not hungry[at] or got[at] >= rooms[at];
            most := least(rooms[at] - got[at], case when round = 1 then shares[at] else (still + hungries - 1) / hungries end, still);
            hungries := hungries - 1;
            continue when most <= 0;
            return query
            with due as materialized (
                select d.instance, d.due_at
                from (select accepted[i] as definition from generate_series(1, cardinality(places)) i where places[i] = at) p
                cross join lateral (
                    select s.instance, s.due_at
                    from {schema}.sagas s
                    where s.saga = wanted[at] and s.definition = p.definition and s.owner is null and s.due_at <= this_moment
                    order by s.due_at
                    limit most
                    for update skip locked
                ) d
            ),
            claimed as materialized (select d.instance from due d order by d.due_at limit most)
            update {schema}.sagas s
            set owner = claimer, claim = this_claim, epoch = s.epoch + 1, due_at = null
            from claimed c
            where s.instance = any (array[c.instance])
            returning s.*;
            get diagnostics taken = row_count;
            still := still - taken;
            got[at] := got[at] + taken;
            hungry[at] := taken = most;
        end loop;
    end loop;
    -- Its own statement: it sees what was claimed.
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
