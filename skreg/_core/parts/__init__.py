"""Losses, penalties and designs: small parts that know nothing of data or loops."""
