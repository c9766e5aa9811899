"""What finance calculates: records and functions over exact decimals. Nothing here reads, writes or asks the time."""
