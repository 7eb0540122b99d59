-- As before. It also sets the columns of 0081, so that no trigger has to. After the first round it asks once which sagas have
-- something due, and passes over the others: many idle sagas cost one statement, not one each.
create or replace function {schema}.claim_sagas_by_share(
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
    -- Whether a saga has something due, once that was asked.
    has_due boolean[];
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
        set owner = null, epoch = s.epoch + 1, due_at = this_moment, shelf = s.status,
            rest_step = case when s.status not in ('completed', 'compensated') then s.step end
        where s.owner = claimer and s.claim = any (lost);
    end if;
    loop
        round := round + 1;
        exit when not alive or still <= 0;
        if round = 2 and cardinality(wanted) > 1 then
            has_due := array(
                select exists (
                    select from generate_series(1, cardinality(places)) i
                    cross join lateral (
                        select s.due_at
                        from {schema}.sagas s
                        where s.saga = wanted[at] and s.definition = accepted[i] and s.owner is null and s.due_at is not null
                        order by s.due_at
                        limit 1
                    ) n
                    where places[i] = at and n.due_at <= this_moment
                )
                from generate_series(1, cardinality(wanted)) at
                order by at
            );
        end if;
        hungries := 0;
        for at in 1..cardinality(wanted) loop
            if hungry[at] and got[at] < rooms[at] then
                hungries := hungries + 1;
            end if;
        end loop;
        exit when hungries = 0;
        for at in 1..cardinality(wanted) loop
            continue when not hungry[at] or got[at] >= rooms[at];
            most := least(rooms[at] - got[at], case when round = 1 then shares[at] else (still + hungries - 1) / hungries end, still);
            hungries := hungries - 1;
            continue when most <= 0;
            if not has_due[at] then
                hungry[at] := false;
                continue;
            end if;
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
            set owner = claimer, claim = this_claim, epoch = s.epoch + 1, due_at = null, shelf = 'owned', rest_step = null
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
