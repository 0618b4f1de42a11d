"""The notes room: Markdown files in one folder, with versions, trash, undo and search. `room.NotesRoom` is its face."""
