"""The source of truth: tables, migrations and queries. Everything else can be rebuilt from it."""
