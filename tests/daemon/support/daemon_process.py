"""A daemon process with performers that leave traces: `python daemon_process.py TRACE_FOLDER`. DESKBELL_HOME says where."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from file_actions import CATALOGUE, FileActions

from deskbell_daemon.__main__ import serve
from deskbell_daemon.places import find_places
from deskbell_daemon.settings import load_settings

actions = FileActions(Path(sys.argv[1]))
places = find_places()
serve(
    load_settings(places), places, performers=actions.performers, context=lambda command: command, catalogue=CATALOGUE
)
