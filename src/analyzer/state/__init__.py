"""What is remembered: datasets, runs and the logs of finished runs."""
