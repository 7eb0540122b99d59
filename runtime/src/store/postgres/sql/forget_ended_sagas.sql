select {schema}.forget_ended_sagas($1, $2)
