"""Who may do what: a pure gate over facts, rules people write, and the question put to a person."""
