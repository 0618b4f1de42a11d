"""Who answers: one file a provider, one table, one way to call them all."""
