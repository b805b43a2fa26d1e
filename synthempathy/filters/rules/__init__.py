"""The rules of the filter, one a file, each with a RULE; filters/judging.py states their order and how to add one."""
