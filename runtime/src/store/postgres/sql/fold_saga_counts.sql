select {schema}.fold_saga_counts()
