"""The recipe's language: text with places, variables, schema, problems."""
