select current_setting('server_version_num')::integer as version, pg_is_in_recovery() as replica,
    exists (select from pg_namespace where nspname = $1) as schema_exists,
    to_regclass(format('%I.schema_release', $1::text)) is not null as says_releases
