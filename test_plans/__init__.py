"""Test plans and product files: what is measured, and how it is judged."""
