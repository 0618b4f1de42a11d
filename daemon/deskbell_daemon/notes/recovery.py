"""Recovery: what a kill left half done is finished or forgotten, by what stands on the disk."""

from typing import Final

from deskbell_daemon.notes import trash
from deskbell_daemon.notes.change import Change
from deskbell_daemon.notes.document import digest
from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.journal import Journal
from deskbell_daemon.notes.names import split
from deskbell_daemon.notes.versions import TEMP
from deskbell_wire.errors import Problem

FOLDERS: Final = (".deskbell", ".deskbell/temp", ".deskbell/versions", ".deskbell/trash")


def prepare(folder: Folder) -> None:
    """Makes our own folders. Raises Problem `folder_not_writable`, `disk_full`."""
    for path in FOLDERS:
        folder.make_folder(path)


def settle(folder: Folder, journal: Journal) -> None:
    """Settles every intended change, then sweeps the temporary files: until then they are evidence."""
    for change in journal.unsettled():
        settle_one(folder, journal, change)
    journal.flush()
    for entry in folder.entries(TEMP):
        if not entry.is_folder:
            folder.remove(f"{TEMP}/{entry.name}")
    trash.sweep(folder)


def settle_one(folder: Folder, journal: Journal, change: Change) -> bool:
    """Whether the change happened; the journal knows afterwards."""
    happened = _moved(folder, change) if change.effect == "move" else _written(folder, change)
    if happened:
        journal.apply(change)
    else:
        journal.retract(change.command)
    return happened


def temp(command: str) -> str:
    """Where a command's new content waits until it is renamed."""
    return f"{TEMP}/{command}.md"


def _written(folder: Folder, change: Change) -> bool:
    """The new content was on the disk before the change was intended: if it waits no longer, it was renamed.

    Except after a power cut on a disk that forgot the waiting file's name: then the note is what it was before.
    """
    if folder.stamp(temp(change.command)) is not None:
        return False
    try:
        data, _ = folder.read(change.path)
    except (FileNotFoundError, Problem):
        # Moved away or spoilt since: the rename is the likelier history, and redoing it would fail anyway.
        return True
    return digest(data) != change.before


def _moved(folder: Folder, change: Change) -> bool:
    source, target = folder.stamp(change.source), folder.stamp(change.target)
    if source is not None and target is not None:
        if source.inode == target.inode:
            # Between link and unlink.
            folder.remove(change.source)
            folder.sync(split(change.source)[0])
            return True
        if target.size == 0 and change.target.startswith(trash.FOLDER):
            folder.remove(change.target)
        return False
    return target is not None if change.target.startswith(trash.FOLDER) else source is None
