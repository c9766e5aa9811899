"""What managers forecast: each module of a site's month, read with its fallbacks and saved cell by cell."""
