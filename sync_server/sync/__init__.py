"""The server's end of the sync: merging what PCs push, and giving them what changed."""
