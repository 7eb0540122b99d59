select {schema}.forget_saga($1, $2)
