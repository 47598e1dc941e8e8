"""No tables: Django tells only apps with this module that a migration is done, and config/apps.py wants to know."""
