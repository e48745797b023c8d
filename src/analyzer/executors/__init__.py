"""Where parts run. The table names each executor by its place, so that none is imported before it is used."""
