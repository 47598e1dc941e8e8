"""The consultation room: presence, waiting room, signalling, chat, files, join evidence. Comes with a later release."""
