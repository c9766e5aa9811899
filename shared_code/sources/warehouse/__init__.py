"""The warehouse (EDW): its objects, its queries, and its embedded form for one machine.

Source: Source side, "Source objects" and "Extraction queries".
"""
