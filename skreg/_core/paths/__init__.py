"""What a path needs: working sets, screening, and Newton steps for likelihoods."""
