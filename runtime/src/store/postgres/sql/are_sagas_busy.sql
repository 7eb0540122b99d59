select {schema}.are_sagas_busy($1)
