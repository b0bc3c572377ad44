"""Pages that read published snapshots and nothing else."""
