"""Whether the exports that are there already leave room for ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.nfs.block import BlockError, outside_block
from mountwright.nfs.grammar import normalise_client, normalise_path, parse_exports
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

# Files come as hexadecimal: whatever they hold, a row stays a row. od is in coreutils and busybox.
_BODY = r"""
for file in /etc/exports /etc/exports.d/*; do
    [ -f "$file" ] || continue
    if [ -r "$file" ]; then
        printf 'file\t%s\t%s\n' "$(printf '%s' "$file" | od -An -v -tx1 | tr -d ' \n')" \
            "$(od -An -v -tx1 -- "$file" | tr -d ' \n')"
    fi
done
"""


def _script(duties: Duties) -> Script | None:
    return Script(_BODY) if duties.serves else None


def _judge(answer: Answer) -> Iterator[Finding]:
    duties = answer.duties
    ours = {
        (normalise_path(export.path), _one_spelling(client))
        for export in (duties.serves.exports if duties.serves else ())
        for client, _ in export.clients
    }
    for row in answer.rows:
        name, content = (bytes.fromhex(column) for column in (*row[1:3], "")[:2])
        path = name.decode("utf-8", "surrogateescape")
        if path == duties.exports_file and path != "/etc/exports":
            continue  # a file of our own is written anew as a whole
        if path.startswith("/etc/exports.d/") and not path.endswith(".exports"):
            yield info("exports", f"{path} is ignored by exportfs: its name does not end in .exports")
            continue
        try:
            foreign = outside_block(content)
        except BlockError as broken:
            yield error("exports", f"{path}: {broken}", f"edit {path}.")
            continue
        yield from _foreign(path, foreign, ours)


def _foreign(path: str, content: bytes, ours: set[tuple[str, str]]) -> Iterator[Finding]:
    for line in parse_exports(content.decode("utf-8", "surrogateescape")):
        for fault in line.faults:
            yield error(
                "exports",
                f"{path}:{fault.line}: {fault.message}; exportfs drops lines from here on, or takes them otherwise "
                "than they were meant",
                f"correct line {fault.line} of {path}; exportfs -ra then shows nothing.",
            )
        for entry in line.entries:
            if (normalise_path(entry.path), _one_spelling(entry.client)) in ours:
                yield error(
                    "exports-taken",
                    f"{path}:{line.number} exports {entry.path} to {entry.client} already, as storage.yml does: "
                    "the first line would win",
                    f"delete that line of {path}, or the export from storage.yml.",
                )
            elif any(normalise_path(entry.path) == mine for mine, _ in ours):
                yield warning(
                    "exports-shared",
                    f"{path}:{line.number} exports {entry.path}, which storage.yml declares, to {entry.client} too",
                    "see that this is meant; storage.yml can declare it as well.",
                )


def _one_spelling(client: str) -> str:
    try:
        return normalise_client(client)
    except ValueError:
        return client


CHECK = Check("exports", _script, _judge)
