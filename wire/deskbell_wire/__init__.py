"""The contract that relay, daemon and extension speak. It imports nothing of ours and does no I/O."""
