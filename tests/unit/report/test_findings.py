"""A linter's findings on a terminal."""

from mountwright.kubernetes.findings import Finding
from mountwright.report.findings import findings_text

FINDING = Finding(
    rule="undefined-class",
    severity="warning",
    file="manifests/a-long-name-of-a-folder/claims-of-the-team.yaml",
    line=14,
    object="PersistentVolumeClaim/media/films",
    message="no StorageClass and no PersistentVolume here has the class 'fats'; did you mean 'fast'?",
    remedy="define the class, or correct its name",
)


def test_a_line_that_is_too_long_goes_on_below():
    """At 80 columns words stay whole, and the place stays one word that can be copied."""
    assert list(findings_text([FINDING], 80)) == [
        "manifests/a-long-name-of-a-folder/claims-of-the-team.yaml:14: warning [undefined-class]",
        "  PersistentVolumeClaim/media/films: no StorageClass and no PersistentVolume",
        "     here has the class 'fats'; did you mean 'fast'?",
        "  -> define the class, or correct its name",
        "",
        "0 errors, 1 warning",
    ]


def test_nothing_found_is_one_line():
    """A good folder is one line of output."""
    assert list(findings_text([], 80)) == ["0 errors, 0 warnings"]


def test_what_would_move_the_cursor_is_shown_as_text():
    """Names of files and objects come from anywhere."""
    finding = Finding("bad-name", "error", "a\x1b[2J.yaml", 1, "Pod/\u202ex", "a\nb", "c")
    assert list(findings_text([finding], 80))[:3] == [
        r"a\x1b[2J.yaml:1: error [bad-name]",
        r"  Pod/\u202ex: a\nb",
        "  -> c",
    ]
