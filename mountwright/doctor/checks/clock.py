"""Whether the host's clock agrees with the operator's, and whether anything keeps it right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

WARN_SECONDS = 5.0
FAIL_SECONDS = 300.0  # what Kerberos tolerates; certificates and package signatures of today fail about there too

# Nanoseconds where date(1) knows them: busybox may print the letters "%N" or leave them out. Who keeps the clock is
# read from /run and /proc: timedatectl(1) would start a service to tell. A container has its host's clock.
_BODY = r"""
printf 'now\t%s\n' "$(date +%s.%N)"
keeper=
[ ! -e /run/systemd/timesync/synchronized ] || keeper=systemd-timesyncd
for file in /proc/[0-9]*/comm; do
    read -r name <"$file" || continue
    case $name in chronyd|ntpd|ntpsec|openntpd|ptp4l|phc2sys|vmtoolsd|VBoxService) keeper=$name ;; esac
done 2>/dev/null
if have systemd-detect-virt && systemd-detect-virt -q -c 2>/dev/null; then keeper=host; fi
printf 'keeper\t%s\n' "${keeper:-nobody}"
"""

_NOW = re.compile(r"(\d+)(\.\d+)?")


def _script(_duties: Duties) -> Script:
    return Script(_BODY)


def _judge(answer: Answer) -> Iterator[Finding]:
    found = _NOW.match(answer.value("now"))
    if not found:
        yield info("clock", "the host's time could not be read", "look at date(1) on the host.")
        return
    skew = skew_seconds(float(found[0]), answer.asked, resolution=0.0 if found[2] else 1.0)
    remedy = "set the clock and keep it right: timedatectl set-ntp true, or install chrony."
    if abs(skew) > WARN_SECONDS:
        level = error if abs(skew) > FAIL_SECONDS else warning
        way = "ahead of" if skew > 0 else "behind"
        yield level("clock", f"the clock is {_span(abs(skew))} {way} this computer's", remedy)
    elif answer.value("keeper") == "nobody":
        yield info("clock-sync", "the clock is right now, but no NTP client keeps it so", remedy)


def skew_seconds(host: float, asked: tuple[float, float], *, resolution: float) -> float:
    """Return how far the host's clock surely is ahead (+) or behind (-), in seconds.

    The host read its clock at some moment within ``asked``, so only what lies outside that span is skew;
    ``resolution`` is how coarse its clock's reading was.
    """
    earliest, latest = asked
    if host + resolution < earliest:
        return host + resolution - earliest
    return max(0.0, host - latest)


def _span(seconds: float) -> str:
    for length, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


CHECK = Check("clock", _script, _judge)
