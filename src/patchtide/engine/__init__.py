"""What Patchtide does with a fleet, told in terms of the core and of five ports."""
