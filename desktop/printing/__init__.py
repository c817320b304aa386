"""Paper: what the center prints, as PDF, with preview, print and save."""
