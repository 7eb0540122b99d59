select {schema}.leave_for_sagas($1, $2, $3, $4, $5, $6, $7)
