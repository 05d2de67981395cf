"""The real engine against a virtual clock, a virtual fleet and seeded faults: only the adapters are swapped."""
