"""Seal short messages to a reader's key and report on what has arrived."""
