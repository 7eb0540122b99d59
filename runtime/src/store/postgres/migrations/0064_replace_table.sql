-- Puts a table in the place of another one, which is dropped, with what people have made of that one: owner,
-- grants, publications, row security and policies, triggers, indexes of their own (`own_indexes`: a regular
-- expression for the names of ours) and replica identity.
create function {schema}.replace_table(live text, built text, own_indexes text) returns void language plpgsql as $$
declare
    old regclass := format('{schema}.%I', live)::regclass;
    new regclass := format('{schema}.%I', built)::regclass;
    was pg_class%rowtype;
    r record;
    place text;
    renames text[] := '{}';
begin
    select * into was from pg_class where oid = old;
    place := format(' ON %I.%I ', (select nspname from pg_namespace where oid = was.relnamespace), live);
    if was.relowner <> (select relowner from pg_class where oid = new) then
        execute format('alter table %s owner to %I', new, pg_get_userbyid(was.relowner));
    end if;
    for r in select a.grantee, a.privilege_type, a.is_grantable from aclexplode(was.relacl) a where a.grantee <> was.relowner loop
        execute format('grant %s on %s to %s%s', r.privilege_type, new,
            case when r.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end,
            case when r.is_grantable then ' with grant option' else '' end);
    end loop;
    for r in
        select t.attname, a.grantee, a.privilege_type, a.is_grantable
        from pg_attribute t cross join lateral aclexplode(t.attacl) a
        where t.attrelid = old and not t.attisdropped and a.grantee <> was.relowner
            and exists (select from pg_attribute n where n.attrelid = new and n.attname = t.attname and not n.attisdropped)
    loop
        execute format('grant %s (%I) on %s to %s%s', r.privilege_type, r.attname, new,
            case when r.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end,
            case when r.is_grantable then ' with grant option' else '' end);
    end loop;
    for r in select p.pubname from pg_publication_rel l join pg_publication p on p.oid = l.prpubid where l.prrelid = old loop
        execute format('alter publication %I add table %s', r.pubname, new);
    end loop;
    if was.relrowsecurity then
        execute format('alter table %s enable row level security', new);
    end if;
    if was.relforcerowsecurity then
        execute format('alter table %s force row level security', new);
    end if;
    for r in
        select p.polname, p.polpermissive, p.polcmd, pg_get_expr(p.polqual, p.polrelid) as qual,
            pg_get_expr(p.polwithcheck, p.polrelid) as checked,
            (select string_agg(case when o.role = 0 then 'public' else quote_ident(pg_get_userbyid(o.role)) end, ', ')
             from unnest(p.polroles) o (role)) as roles
        from pg_policy p where p.polrelid = old
    loop
        execute format('create policy %I on %s as %s for %s to %s%s%s', r.polname, new,
            case when r.polpermissive then 'permissive' else 'restrictive' end,
            case r.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            r.roles, coalesce(' using (' || r.qual || ')', ''), coalesce(' with check (' || r.checked || ')', ''));
    end loop;
    for r in select t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) as definition from pg_trigger t where t.tgrelid = old and not t.tgisinternal loop
        execute replace(r.definition, place, format(' ON %s ', new));
        if r.tgenabled <> 'O' then
            execute format('alter table %s %s trigger %I', new,
                case r.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, r.tgname);
        end if;
    end loop;
    for r in
        select c.relname, pg_get_indexdef(c.oid) as definition
        from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = old and not i.indisprimary and c.relname !~ own_indexes
    loop
        execute replace(replace(r.definition, place, format(' ON %s ', new)),
            format(' INDEX %I', r.relname), format(' INDEX %I', left(r.relname, 50) || '__replacing'));
        renames := renames || r.relname::text;
    end loop;
    if was.relreplident in ('f', 'n') then
        execute format('alter table %s replica identity %s', new, case was.relreplident when 'f' then 'full' else 'nothing' end);
    end if;
    execute format('drop table %s', old);
    execute format('alter table %s rename to %I', new, live);
    foreach place in array renames loop
        execute format('alter index {schema}.%I rename to %I', left(place, 50) || '__replacing', place);
    end loop;
end
$$
