-- Two numbers: the locks of appenders, which the feed looks at, are those of one.
select pg_advisory_xact_lock({tag}, hashtext($1))
