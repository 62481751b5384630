"""Loops that solve one problem, and the certificates that stop them."""
