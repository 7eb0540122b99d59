-- What depends on a table, so that it cannot be dropped: views, rules, foreign keys of other tables, functions.
-- Null: nothing.
create function {schema}.table_dependents(of_table regclass) returns text language sql stable as $$
    select string_agg(distinct pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
    from pg_depend d join pg_class c on c.oid = of_table
    where d.deptype in ('n', 'i') and (
        (d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype = 'n')
        or (d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype and d.deptype = 'n')
    ) and not (d.classid = 'pg_class'::regclass and d.objid = c.oid)
        and not (d.classid = 'pg_constraint'::regclass and exists (
            select from pg_constraint k where k.oid = d.objid and k.conrelid = c.oid
        ))
        and not (d.classid = 'pg_policy'::regclass) and not (d.classid = 'pg_trigger'::regclass)
$$
