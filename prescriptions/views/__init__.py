"""The pages of notes and prescriptions."""
