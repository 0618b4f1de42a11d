"""Other people's servers, doing the same work in the same run."""
