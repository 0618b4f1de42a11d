"""The relay: takes an assistant's request at a door and brings it to the person's own device, and the result back."""
