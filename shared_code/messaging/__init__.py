"""Messages: contracts, the outbox and the queue that carries them."""
