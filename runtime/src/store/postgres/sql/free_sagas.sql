select {schema}.free_sagas()
