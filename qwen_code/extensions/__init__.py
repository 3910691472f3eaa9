"""What users add: MCP servers, hooks, commands, skills, agents."""
