select consumer, generation, partition, was, reset_to from {schema}.reset_checkpoints()
