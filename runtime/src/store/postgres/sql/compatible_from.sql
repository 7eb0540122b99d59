select compatible_from from {schema}.schema_release
