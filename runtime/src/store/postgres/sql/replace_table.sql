select {schema}.replace_table($1, $2, $3)
