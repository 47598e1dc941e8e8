"""Money in the admin: all of it to be read, none to be edited. What an administrator decides goes through services."""

from payments.admin import charges, disputes, ledger, lists, payouts

__all__ = ["charges", "disputes", "ledger", "lists", "payouts"]
