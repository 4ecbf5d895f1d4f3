"""What a person can choose: RunSpec, Settings, their table, and scales."""
