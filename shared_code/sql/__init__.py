"""What the operational database and the warehouse share: types, engines, drivers, identities, transient errors."""
