"""People and PCs: who may come in, which PCs and browsers are signed in, and the own account."""
