"""The sample warehouse: seeded, plausible, of any size. For development, tests and demonstrations; not deployed.

Source: Operations, "Environments"; Architecture, "The command line".
"""
