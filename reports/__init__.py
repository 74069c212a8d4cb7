"""What people read afterwards. Reads records and listens to runs; never touches an instrument."""
