"""What keeps a server running and lets a host look after it: jobs, logs, figures, readiness, and the commands."""
