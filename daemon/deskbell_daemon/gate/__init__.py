"""What may run here, when, and in which order: policy, approvals, performance."""
