"""Gives the processes' role what it needs of the tables, and no more."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from psycopg import sql

from config.db import is_append_only

APP_ROLE = "portal_app"


class Command(BaseCommand):
    help = (
        "Run as the tables' owner, after every migrate: the role of the processes may read and write all tables, "
        "only add to the append-only ones, and truncate none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default=APP_ROLE)

    @transaction.atomic
    def handle(self, *args: Any, role: str, **options: Any) -> None:
        who = sql.Identifier(role)
        append_only = [
            model._meta.db_table for model in apps.get_models(include_auto_created=True) if is_append_only(model)
        ]
        with connection.cursor() as cursor:

            def run(statement: str, **parts: sql.Composable) -> None:
                cursor.execute(sql.SQL(statement).format(role=who, **parts))

            run("GRANT USAGE ON SCHEMA public TO {role}")
            run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
            run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
            run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
            run("REVOKE INSERT, UPDATE, DELETE ON TABLE django_migrations FROM {role}")
            for table in append_only:
                run("REVOKE UPDATE, DELETE, TRUNCATE ON TABLE {table} FROM {role}", table=sql.Identifier(table))
        self.stdout.write(f"{role}: {len(append_only)} append-only tables.")
