"""Money in the admin: all of it to be read, none to be edited. What an administrator decides goes through services."""

from payments.admin import charges, ledger, lists, payouts

__all__ = ["charges", "ledger", "lists", "payouts"]
