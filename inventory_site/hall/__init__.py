"""The phone's page under /count/: its shell, what keeps it in dead spots, who is logged in, and its words."""
