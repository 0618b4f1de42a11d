"""One table of errors: stable code, HTTP status, title, next step. On the wire they are RFC 9457 problem documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DOCS: Final = "https://github.com/deskbell/deskbell/blob/main/docs/errors.md"
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ErrorType:
    """One row of the table."""

    status: int
    title: str
    next_step: str


ERRORS: Final[Mapping[str, ErrorType]] = {
    # The request itself
    "body_too_deep": ErrorType(400, "The JSON is nested too deeply", "Send flatter JSON."),
    "body_too_large": ErrorType(413, "The body is too large", "Send less, in several requests if need be."),
    "body_too_slow": ErrorType(408, "The body did not arrive in time", "Send the request again."),
    "invalid_arguments": ErrorType(422, "The arguments do not fit the action", "Correct the named fields."),
    "malformed_json": ErrorType(400, "The body is not valid JSON", "Send one JSON object in UTF-8."),
    "malformed_request": ErrorType(400, "The request is malformed", "Correct the named part and send it again."),
    "method_not_allowed": ErrorType(405, "This address does not take that method", "Use a method named in Allow."),
    "not_acceptable": ErrorType(406, "The answer's form is not one that you take", "Name another in Accept."),
    "not_found": ErrorType(404, "There is nothing at this address", "Check the address against /openapi.json."),
    "unknown_operation": ErrorType(404, "There is no such operation", "Use an operationId from /openapi.json."),
    "unsupported_media_type": ErrorType(415, "The body's type is not understood", "Send application/json."),
    # Who asks
    "csrf_failed": ErrorType(403, "The form is not from this page", "Open the page again and submit it from there."),
    "expired_token": ErrorType(401, "The access token has expired", "Refresh the token."),
    "foreign_host": ErrorType(403, "The request names a host that is not ours", "Use the address that Deskbell shows."),
    "foreign_origin": ErrorType(403, "The request comes from a foreign page", "Use Deskbell's own pages."),
    "insufficient_scope": ErrorType(403, "The token does not allow this", "Ask for the missing scope."),
    "invalid_token": ErrorType(401, "The access token is not valid", "Sign in again."),
    "missing_token": ErrorType(401, "No access token came with the request", "Send Authorization: Bearer."),
    "revoked_token": ErrorType(401, "This access was revoked", "Connect again, and approve it on the laptop."),
    # Limits
    "rate_limited": ErrorType(429, "Too many requests", "Wait as long as Retry-After says."),
    "too_many_devices": ErrorType(
        409, "The account has as many devices as it may", "Revoke one that is no longer used."
    ),
    "too_many_streams": ErrorType(429, "Too many open streams", "Close a stream before opening another."),
    "too_many_pending": ErrorType(429, "Too many requests wait for an answer", "Answer or cancel one of them first."),
    # Commands
    "command_expired": ErrorType(410, "The command expired before it could run", "Ask again."),
    "command_not_found": ErrorType(404, "There is no such command", "Check the id; old commands are deleted."),
    "device_not_found": ErrorType(404, "There is no such device", "See listDevices for the devices."),
    "grant_not_found": ErrorType(404, "There is no such grant", "See the list of grants."),
    "idempotency_conflict": ErrorType(
        409, "This idempotency key belongs to another request", "Use a new key for a new request."
    ),
    "no_capable_device": ErrorType(
        409, "No paired device can do this", "Pair a device that can, with `deskbell pair`, and ask again."
    ),
    "not_cancellable": ErrorType(409, "The command has already finished", "Use undo, where the action has it."),
    "result_conflict": ErrorType(409, "This command belongs to another device", "Report only your own commands."),
    # The stream
    "invalid_cursor": ErrorType(400, "Last-Event-ID is not a cursor of ours", "Connect without it."),
    "invalid_ticket": ErrorType(401, "The stream ticket is used, expired or unknown", "Get a new one."),
    # Pairing and consent
    "code_not_valid": ErrorType(400, "This code is wrong, used or expired", "Get a new code on the laptop."),
    "invite_not_valid": ErrorType(403, "This invite is wrong, used or expired", "Ask the operator for a new one."),
    "registration_closed": ErrorType(403, "This relay takes no new accounts", "Ask its operator."),
    "page_closed": ErrorType(
        403, "This page was not opened by its one-time link", "Open it from the tray, or with `deskbell open`."
    ),
    "page_only": ErrorType(403, "This answer is given on the page alone", "Open the page with `deskbell open`."),
    "request_changed": ErrorType(
        409, "What is asked for has changed since you saw it", "Look at the request again, then answer it."
    ),
    "rule_not_found": ErrorType(404, "There is no such rule", "See `deskbell rules`."),
    "request_not_found": ErrorType(404, "There is no such request waiting", "See what waits with `deskbell requests`."),
    # Notes, on the device
    "ambiguous_text": ErrorType(409, "The text to replace stands there more than once", "Give a longer piece."),
    "heading_not_found": ErrorType(404, "The note has no such heading", "Read the note for its headings."),
    "name_taken": ErrorType(409, "There is already a note of that name", "Choose another title or append to it."),
    "note_not_found": ErrorType(404, "There is no such note", "Find it with searchNotes or listNotes."),
    "note_too_large": ErrorType(413, "The note would become too large", "Start a second note."),
    "nothing_to_undo": ErrorType(409, "There is nothing to undo", "Read the note to see its state."),
    "outside_folder": ErrorType(403, "That path leaves the notes folder", "Name a path inside the notes folder."),
    "text_not_found": ErrorType(404, "The text to replace is not in the note", "Read the note again."),
    "unreadable_note": ErrorType(422, "This file is not a readable note", "Open the file on the laptop."),
    "unsafe_name": ErrorType(422, "That cannot be a note's name", "Use plain words as the title."),
    "version_conflict": ErrorType(409, "The note has changed since it was read", "Read it again, then edit."),
    # Local actions
    "action_not_found": ErrorType(404, "The laptop has no such action", "See listLocalActions for the names."),
    "action_changed": ErrorType(
        409, "The action was changed on the laptop after this was asked", "Look at listLocalActions, then ask again."
    ),
    "action_not_started": ErrorType(
        500, "The action's program could not be started", "Check the action on the laptop."
    ),
    "action_unsafe": ErrorType(403, "The action cannot be run safely", "Correct the action on the laptop."),
    "action_timeout": ErrorType(
        504, "The action took longer than it may", "Check its effect; the person can give it more time."
    ),
    "path_outside": ErrorType(403, "That path leaves the folder that the action may use", "Name a path inside it."),
    # Tabs and pages, in the browser
    "address_refused": ErrorType(422, "The browser does not open that address", "Give an http or https address."),
    "nothing_selected": ErrorType(409, "Nothing is selected in that page", "Ask the user to select the text first."),
    "page_changed": ErrorType(409, "The page changed while it was read", "Ask again when the page is still."),
    "page_not_readable": ErrorType(
        422, "That page lets nobody read it", "Ask the user for the text, or try another page."
    ),
    "page_too_large": ErrorType(413, "The page is too large to be captured", "Capture a selection of it instead."),
    "permission_missing": ErrorType(
        403, "The browser's user has not permitted this", "Ask the user to allow it in the extension, then ask again."
    ),
    "tab_not_found": ErrorType(404, "There is no such tab", "See listTabs for the tabs."),
    # The laptop
    "already_paired": ErrorType(409, "This laptop is already paired", "Unpair it first, or use --profile."),
    "audit_unusable": ErrorType(
        500,
        "The daemon's audit log cannot be written",
        "Check the disk: nothing that needs your answer runs without it.",
    ),
    "clock_skew": ErrorType(409, "The laptop's clock is wrong", "Set the laptop's clock."),
    "daemon_not_genuine": ErrorType(
        502, "Another program answers in the daemon's place", "Find what listens on that port, then restart the daemon."
    ),
    "daemon_not_running": ErrorType(503, "The daemon is not running", "Start it with `deskbell daemon`."),
    "disk_full": ErrorType(507, "The laptop's disk is full", "Free some space and ask again."),
    "extension_door_closed": ErrorType(
        503, "The browser extension cannot find this daemon", "Stop what uses the ports, or pair with a code instead."
    ),
    "folder_not_writable": ErrorType(500, "The notes folder cannot be written", "Check the folder's permissions."),
    "insecure_relay": ErrorType(400, "That relay address is not safe to use", "Use an https:// address."),
    "interrupted": ErrorType(500, "The laptop stopped in the middle of this command", "Check its effect, ask again."),
    "invalid_settings": ErrorType(500, "The settings are not valid", "Correct the named line of config.toml."),
    "keyring_locked": ErrorType(503, "The keyring is locked", "Unlock the keyring (log in to the desktop)."),
    "keyring_missing": ErrorType(
        503, "This machine has no keyring", "Install one, or pair with --insecure-storage (a file only you can read)."
    ),
    "ledger_unusable": ErrorType(
        500, "The daemon's ledger cannot be used", "Check the disk; move the file away only if it is broken."
    ),
    "no_clipboard": ErrorType(503, "The laptop has no clipboard to write to", "Give the text in the conversation."),
    "no_notifications": ErrorType(
        503, "The laptop cannot show notifications now", "Tell the user in the conversation."
    ),
    "not_paired": ErrorType(409, "This laptop is not paired", "Pair it with `deskbell pair RELAY_URL`."),
    "paused": ErrorType(409, "Deskbell is paused on this laptop", "Resume it with `deskbell resume`."),
    "profile_in_use": ErrorType(409, "Another daemon runs with this profile", "Stop it, or use --profile."),
    "refused": ErrorType(403, "The person at the laptop refused", "Ask them before you try again."),
    "secrets_exposed": ErrorType(500, "Others can read the daemon's secret", "Take their rights off the file."),
    "secrets_unreadable": ErrorType(500, "The daemon's secret cannot be read", "Pair the laptop again."),
    "start_up_unavailable": ErrorType(501, "Deskbell cannot start by itself here", "Start it with `deskbell daemon`."),
    "tray_running": ErrorType(409, "The tray already runs for this profile", "Look for the bell, or use --profile."),
    "tray_unavailable": ErrorType(
        503, "No tray icon can be shown here", "Use `deskbell requests` and `deskbell open`."
    ),
    "unknown_action": ErrorType(422, "This device does not know that action", "Update Deskbell on the laptop."),
    # AI runs
    "answer_cut_off": ErrorType(502, "The answer ended before its end", "Ask again; what came is kept."),
    "answer_overdue": ErrorType(504, "The answer took too long", "Ask for a shorter one; what came is kept."),
    "answer_stalled": ErrorType(504, "The answer stopped coming", "Ask again; what came is kept."),
    "answer_too_long": ErrorType(413, "The answer became too long", "Ask for a shorter one; what came is kept."),
    "budget_spent": ErrorType(429, "Today's tokens are used up", "Go on tomorrow, or ask the operator for more."),
    "model_not_named": ErrorType(422, "This provider has no usual model", "Name one, such as with --model."),
    "model_unavailable": ErrorType(422, "The provider does not offer that model", "See GET /ai/providers."),
    "no_first_token": ErrorType(504, "The provider did not begin to answer in time", "Ask again, or another provider."),
    "prompt_too_long": ErrorType(413, "The prompt is too long", "Send less."),
    "provider_failed": ErrorType(502, "The AI provider failed", "Ask again, or another provider."),
    "provider_garbled": ErrorType(502, "The AI provider's answer is unreadable", "Ask again, or another provider."),
    "provider_key_refused": ErrorType(502, "The AI provider refuses the relay's key", "Ask the relay's operator."),
    "provider_not_configured": ErrorType(422, "This relay has no such AI provider", "See GET /ai/providers."),
    "provider_overloaded": ErrorType(503, "The AI provider is overloaded", "Ask again later, or another provider."),
    "provider_refused": ErrorType(422, "The AI provider does not take this request", "Change the prompt or the model."),
    "provider_unreachable": ErrorType(502, "The AI provider cannot be reached", "Ask again, or another provider."),
    "run_interrupted": ErrorType(503, "The relay stopped during the run", "Ask again."),
    "run_not_found": ErrorType(404, "There is no such run", "Check the id; old runs are deleted."),
    "run_not_resumable": ErrorType(410, "The run's stream is no longer kept", "Its text is in GET /ai/runs/{id}."),
    "share_not_found": ErrorType(404, "This link shows nothing", "Ask the one who gave it to you for a new one."),
    "too_many_viewers": ErrorType(429, "The run has as many viewers as it may", "Try again in a moment."),
    # The relay
    "draining": ErrorType(503, "The relay is restarting", "Try again in a few seconds."),
    "internal": ErrorType(500, "Something went wrong on our side", "Try again; quote the request id if it persists."),
    "relay_unreachable": ErrorType(502, "The relay cannot be reached", "Check the network and the relay's address."),
    "storage_unavailable": ErrorType(503, "The relay cannot store anything now", "Try again in a moment."),
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An error for the caller. `detail` is a whole sentence about this case; the rest comes from the table.

    `extra` are further members of the problem document, such as `fields` or `retry_after_s`.
    Raises KeyError when `code` is not in the table.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        next_step: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.type = ERRORS[code]
        self.code = code
        self.detail = detail
        self.next_step = next_step or self.type.next_step
        self.headers = dict(headers or {})
        self.extra = extra

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return self.type.status

    def document(self, request_id: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document: type, title, status, detail, code, next_step, and what `extra` holds."""
        document: dict[str, Any] = {
            "type": f"{DOCS}#{self.code}",
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail,
            "code": self.code,
            "next_step": self.next_step,
            **self.extra,
        }
        if request_id is not None:
            document["request_id"] = request_id
        return document
