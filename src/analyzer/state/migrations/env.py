"""What alembic runs to migrate: on the connection it was given, in the transaction that goes on there."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
