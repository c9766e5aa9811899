"""What is done with the messages of each queue and subscription."""
