"""Pages of the booking, by what they are about."""
