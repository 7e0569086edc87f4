"""Legacy systems to try everything on: real servers with fault switches and a ledger, imported by no room."""
