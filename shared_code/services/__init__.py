"""Use cases: what a timer, a message, a request or a command asks for. They own the transactions."""
