"""One command that serves the shop from a laptop: an embedded Valkey, web, one worker and beat as child processes."""
