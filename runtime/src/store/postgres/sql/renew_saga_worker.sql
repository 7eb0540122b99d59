select alive, news from {schema}.renew_saga_worker($1, $2, $3, $4)
