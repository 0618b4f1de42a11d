"""The few HTML pages that a person sees."""
