"""kubectl: where it runs, with which credentials, and what its failures mean.

Two ways lead to it. A resource puts :data:`KUBECTL` before the body of its Script and :meth:`Access.values` among the
Script's values; it then calls ``kubectl_`` as it would call kubectl. A task that asks and answers holds a
:class:`Kubectl` over a transport. Manifests reach kubectl on stdin alone: a process list shows no value of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mountwright import frames
from mountwright.errors import ConnectionLostError, HostError
from mountwright.shell import Script
from mountwright.transport import Completed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mountwright.secret import Secret
    from mountwright.shell import Value
    from mountwright.spec.kubectl import Kubectl as KubectlSettings
    from mountwright.transport import Transport

REQUEST_TIMEOUT = 60
"""Seconds that one request to the API server may take."""

_OUTPUT_LINES = 20

KUBECTL = r"""
# kubectl_ ARGUMENTS...: kubectl with the credentials that the operator chose and a limit on every request. stdin and
# stdout are its own, its exit code too; after a failure a line for people follows what it said on stderr.
kubectl_() {
    kubectl_find
    kubectl_code=0
    { kubectl_said=$(
        set -- --request-timeout="${kubectl_timeout}s" "$@"
        [ -z "$kubectl_context" ] || set -- --context="$kubectl_context" "$@"
        [ -z "$kubectl_config" ] || set -- --kubeconfig="$kubectl_config" "$@"
        [ -z "$kubectl_word" ] || set -- "$kubectl_word" "$@"
        "$kubectl_program" "$@" 2>&1 1>&3 3>&-
    ) || kubectl_code=$?; } 3>&1
    # kubectl's library logs each try at the API before kubectl itself says what is wrong
    [ -z "$kubectl_said" ] || printf '%s\n' "$kubectl_said" | grep -v '^E[0-9][0-9]* .* memcache\.go:' >&2 || :
    [ "$kubectl_code" -eq 0 ] || kubectl_explain "$kubectl_said"
    return "$kubectl_code"
}

# kubectl_find: set kubectl_program and kubectl_config, once.
kubectl_find() {
    [ -z "${kubectl_program-}" ] || return 0
    kubectl_config=$kubectl_kubeconfig kubectl_word=
    if [ -n "$kubectl_search" ]; then
        PATH=$kubectl_search
    else
        PATH=$PATH:/var/lib/rancher/rke2/bin:/snap/bin
        for kubectl_file in /etc/kubernetes/admin.conf /etc/rancher/k3s/k3s.yaml /etc/rancher/rke2/rke2.yaml; do
            [ -z "$kubectl_config${KUBECONFIG-}" ] || break
            [ ! -r "$kubectl_file" ] || kubectl_config=$kubectl_file
        done
    fi
    if [ -n "$kubectl_config" ] && [ ! -r "$kubectl_config" ]; then
        fail "the kubeconfig $kubectl_config is not here or can't be read: see kubernetes.kubectl in storage.yml"
    fi
    if have kubectl; then
        kubectl_program=kubectl
    elif have k3s; then
        kubectl_program=k3s kubectl_word=kubectl
    else
        fail "kubectl is missing here: install it, or name in storage.yml, kubernetes.kubectl, a place that has it"
    fi
}

# kubectl_explain TEXT: what a failure means to the operator.
kubectl_explain() {
    case $1 in
        *"connection refused"*|*"was refused"*)
            say "-> nothing listens at the API server's address: does it run, and does the kubeconfig name it?" ;;
        *x509*|*certificate*)
            say "-> the certificates don't fit: the kubeconfig has expired, or is of another or an older cluster" ;;
        *"no such host"*|*"no route to host"*|*"i/o timeout"*|*"TLS handshake timeout"*|*"deadline exceeded"*|\
        *"Unable to connect"*|*"Client.Timeout"*|*"request timed out"*)
            say "-> the API server can't be reached from here: see the address in the kubeconfig, and the network" ;;
        *Unauthorized*|*"must be logged in"*|*"provide credentials"*)
            say "-> the API server doesn't know these credentials: take another kubeconfig or context" ;;
        *"(Forbidden)"*|*" is forbidden: User "*)
            say "-> these credentials lack the right to do this: take an administrator's kubeconfig" ;;
        *"context "*" does not exist"*|*"no context exists"*|*"context was not found"*)
            say "-> the kubeconfig has no such context: see kubernetes.kubectl in storage.yml" ;;
        *"invalid configuration"*|*"error loading config"*|*"no configuration has been provided"*)
            say "-> kubectl has no usable kubeconfig here: name one in storage.yml, kubernetes.kubectl" ;;
    esac
}
"""
"""Shell functions for Scripts whose values are those of :meth:`Access.values`."""

_RUN = (
    KUBECTL
    + r"""
if [ -n "$kubectl_feed" ]; then
    printf '%s' "$kubectl_stdin" | kubectl_ "$@"
else
    kubectl_ "$@"
fi
"""
)


@dataclass(frozen=True)
class Access:
    """With which credentials kubectl is called, and where it is looked for.

    Empty texts: on a host, the kubeconfig of kubeadm, k3s or RKE2, else kubectl's own; its current context.
    ``search_path`` is the PATH of the operator's machine, for kubectl itself and the credential programs that a
    kubeconfig calls; it is empty for a host.
    """

    kubeconfig: str = ""
    context: str = ""
    search_path: str = ""

    @classmethod
    def of(cls, settings: KubectlSettings) -> Access:
        """The access that storage.yml declares."""
        if settings.local is None:
            return cls(settings.kubeconfig or "", settings.context or "")
        path = os.environ.get("PATH", os.defpath)
        return cls(settings.local.kubeconfig or "", settings.local.context or "", path)

    def values(self) -> dict[str, Value]:
        """The values that :data:`KUBECTL` works on."""
        return {
            "kubectl_kubeconfig": self.kubeconfig,
            "kubectl_context": self.context,
            "kubectl_search": self.search_path,
            "kubectl_timeout": REQUEST_TIMEOUT,
        }

    def script(self, body: str, values: Mapping[str, Value] | None = None, arguments: Sequence[Value] = ()) -> Script:
        """A Script whose body may call ``kubectl_``."""
        return Script(KUBECTL + body, {**self.values(), **(values or {})}, arguments)


class Kubectl:
    """kubectl at the other end of a transport, one call after the other."""

    def __init__(self, transport: Transport, access: Access) -> None:
        self._transport = transport
        self._access = access

    def run(
        self,
        *arguments: str,
        stdin: str | Secret | None = None,
        check: bool = True,
        silence: float = 120.0,
    ) -> Completed:
        """Run ``kubectl ARGUMENTS`` and return its output; ``stdin`` is what it reads (None: nothing).

        ``silence`` is how many seconds it may take (a wait of kubectl's own belongs below that).
        Raises HostError when it ends with another exit code than 0, unless ``check`` is false, with what kubectl said
        and what that means; ConnectionLostError when the connection breaks.
        """
        values = {**self._access.values(), "kubectl_feed": stdin is not None, "kubectl_stdin": stdin or ""}
        nonce = frames.new_nonce()
        program = frames.probe_program(nonce, {"kubectl": Script(_RUN, values, arguments)})
        completed = self._transport.run(program, silence=silence)
        seen, _ = frames.read_frames(nonce, completed.stdout)
        said, stray = frames.read_frames(nonce, completed.stderr)
        if "kubectl" not in seen or "kubectl" not in said:
            raise ConnectionLostError(
                f"kubectl's answer is not complete (exit code {completed.exit_code})", output=_lines(stray)
            )
        answer = Completed(seen["kubectl"].exit_code, seen["kubectl"].output, said["kubectl"].output)
        if check and answer.exit_code:
            raise HostError(f"kubectl {' '.join(arguments[:3])}: failed", output=_lines(answer.stderr))
        return answer

    def get_json(self, *arguments: str) -> Any:
        """Run ``kubectl get ARGUMENTS -o json`` and return the parsed answer, or None where it is empty.

        It is empty for a name that does not exist together with ``--ignore-not-found``. Raises as :meth:`run`.
        """
        text = self.run("get", *arguments, "-o", "json").stdout
        return json.loads(text) if text.strip() else None

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """Run ``kubectl get ARGUMENTS -o json`` and return the objects of its answer. Raises as :meth:`run`."""
        answer = self.get_json(*arguments)
        if answer is None:
            return []
        found: list[dict[str, Any]] = answer["items"] if str(answer.get("kind", "")).endswith("List") else [answer]
        return found


def _lines(output: bytes) -> list[str]:
    text = output.decode("utf-8", "backslashreplace")
    return [line.rstrip() for line in text.splitlines() if line.strip()][-_OUTPUT_LINES:]
