"""The payer's way to the gateway and back, papers of what was paid, and what a doctor earned."""
