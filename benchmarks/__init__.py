"""Benchmarks beside other libraries: speed at equal, verified accuracy."""
