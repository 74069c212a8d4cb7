"""Who may do what: named users, their roles and passwords, and who is signed in.

What is secret stays in ``people.sqlite`` beside the record and nowhere else; every change of a user, and
every sign-in that failed, is an entry of the audit trail.
"""
