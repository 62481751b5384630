"""Which layer stands where."""
