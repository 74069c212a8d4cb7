"""Loads the rig's fixtures and the reports that listen to a run; nothing more."""

pytest_plugins = ["rig.fixtures.plugin", "reports.allure_listener"]
