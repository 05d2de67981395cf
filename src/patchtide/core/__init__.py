"""What Patchtide knows and how it decides: values and pure functions, no input or output, no clock."""
