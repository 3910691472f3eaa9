"""The project on disk: paths, text files, ignore rules, git."""
