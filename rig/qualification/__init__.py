"""Qualifying the rig itself: installed as it should be, working as it should, performing as it should."""
