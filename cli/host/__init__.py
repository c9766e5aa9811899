"""The local host: runs on one machine the functions that `function_app` registers."""
