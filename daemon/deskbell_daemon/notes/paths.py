"""Paths: what a caller names, as it stands on the disk."""

from deskbell_daemon.notes import names
from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.listing import Listing
from deskbell_wire.errors import Problem


class Paths:
    """Finds notes and folders in any case and Unicode form."""

    def __init__(self, folder: Folder, listing: Listing) -> None:
        self._folder = folder
        self._listing = listing

    def found(self, path: str) -> str | None:
        """The note's path as it stands on the disk; None when it is not there."""
        return path if self._folder.stamp(path) is not None else self._listing.find(path)

    def existing(self, path: str) -> str:
        """The same, or `path` as asked: opening it then says what is wrong, a link for example."""
        return self.found(path) or path

    def folder(self, folder: str) -> str:
        """A folder that must be there. Raises Problem `note_not_found`, `outside_folder`, `unsafe_name`."""
        checked = names.folder_path(folder)
        found = self._listing.find(checked) if checked else ""
        if found is None:
            raise Problem("note_not_found", f"There is no folder {names.short(checked)} in the notes folder.")
        return found

    def made_folder(self, folder: str) -> str:
        """The folder as it stands, made where it is missing, each part under a safe name."""
        path = ""
        for part in filter(None, names.folder_path(folder).split("/")):
            found = self._listing.find(names.join(path, part))
            if found is None:
                safe = names.join(path, names.folder_name(part))
                found = self._listing.find(safe)
                if found is None:
                    found = safe
                    self._folder.make_folder(safe)
            path = found
        return path
