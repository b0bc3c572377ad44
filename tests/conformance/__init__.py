"""What every source must do, run against its platform in `tests/platforms/`."""
