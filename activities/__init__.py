"""One step each, thin: what a workflow asks of records, rules, bots and mail."""
