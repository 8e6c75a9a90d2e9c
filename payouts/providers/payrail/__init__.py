"""A rail that speaks JSON over HTTP: one address for banks and mobile money, references that pay at most once."""
