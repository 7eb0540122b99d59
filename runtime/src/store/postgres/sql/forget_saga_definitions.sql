select {schema}.forget_saga_definitions($1)
