"""What qwen-code costs beyond the model, against bare floors measured in the same run."""
