"""What is the portal's own of signing in, beside what allauth does by itself."""
