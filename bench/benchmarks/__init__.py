"""One file a benchmark, and the table that names them."""
