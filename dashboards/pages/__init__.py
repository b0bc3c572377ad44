"""One page a file: whatever has a `PAGE` here is in the navigation."""
