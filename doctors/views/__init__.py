"""Pages of doctors: finding one, and what a doctor does with a profile."""
