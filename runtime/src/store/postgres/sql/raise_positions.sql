select drawn, last from {schema}.raise_positions()
