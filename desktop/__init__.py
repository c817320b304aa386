"""The Qt program at the front desk: shows and edits the local store, prints, and syncs in the background."""
