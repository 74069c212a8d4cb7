"""What a run tells while it goes on: a window for whoever looks, and never evidence."""
