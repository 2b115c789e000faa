"""Declaration of a team's transactions: columns, roles, entities and features."""
