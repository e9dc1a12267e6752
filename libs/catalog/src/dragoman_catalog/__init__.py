"""What people edit: projects, users, tokens, language pairs, domain packs."""
