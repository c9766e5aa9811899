"""The `townepark` command: the local host, the sample warehouse, operations. Not deployed."""
