"""Reference data that no feed brings: files checked whole, then stored in one transaction or not at all.

Source: Data model, "Reference data that no feed brings".
"""
