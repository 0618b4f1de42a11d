"""The audit log: what was asked, answered and done on this laptop, in a chain that shows when a link is missing."""
