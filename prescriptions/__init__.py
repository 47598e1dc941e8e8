"""Visit notes, medicines, composing, signing and verifying prescriptions. Comes with a later release."""
