"""Stand-ins for the outside world, each its own process. They share no code with the portal they answer."""
