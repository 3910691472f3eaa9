"""Front ends: they consume events and never touch a tool."""
