"""The pages that a person sees in a browser on this laptop: what waits, who is let in, what is always allowed."""
