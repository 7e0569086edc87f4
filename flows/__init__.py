"""Batch work over all cases, run by Prefect as `prefect.yaml` names it."""
