select looked, forgotten from {schema}.forget_kept_events($1, $2)
