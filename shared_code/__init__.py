"""What the deployed app is made of; the command line and the local host are in `cli`."""
