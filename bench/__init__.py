"""How long updates take: Patchtide beside what people use otherwise, on real hosts, in one run."""
