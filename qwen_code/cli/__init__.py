"""The command line: flags become settings, settings become an app, ends become exit codes."""
