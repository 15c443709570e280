"""Door to the desk: `python -m devices.desk`."""

from devices.desk.cli import app

app(prog_name="python -m devices.desk")
