"""Side by side with the peers: who is how fast at equal, verified accuracy."""
