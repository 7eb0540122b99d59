select category, name, version from {schema}.event_types order by category, name
