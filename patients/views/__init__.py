"""The pages about patients, by what they show."""
