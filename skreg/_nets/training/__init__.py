"""Training: batches, gradients, optimizer, schedules, averages."""
