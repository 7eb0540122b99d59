select generation, version, kind, live, paused, partitions, last_generation, columns from {schema}.consumers where name = $1 order by generation
