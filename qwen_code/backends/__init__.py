"""Models behind one protocol: remote endpoints, the embedded runtime, and scripts."""
