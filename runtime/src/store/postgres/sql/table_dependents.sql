select {schema}.table_dependents(to_regclass($1))
