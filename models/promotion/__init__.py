"""Gates that a model passes before it is promoted."""
