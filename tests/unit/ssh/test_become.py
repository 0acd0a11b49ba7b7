"""The remote command line and the framing of stdin, without any process."""

import re

import pytest

from mountwright.become import BOOTSTRAP, REMOTE_COMMAND, Conversation
from mountwright.errors import BecomeError, ConnectionLostError
from mountwright.secret import Secret

PASSWORD = Secret("pa ss'w$(ord)")


def nonce(conversation):
    return conversation.opening.split(b"\n")[0]


def begin(conversation):
    mark = nonce(conversation) + b"\n"
    conversation.stderr(mark)
    return conversation.stdout(mark)


def refusal(stderr, exit_code=1, user="root", password=None):
    conversation = Conversation("true", become_user=user, password=password)
    conversation.stderr(stderr)
    with pytest.raises((BecomeError, ConnectionLostError)) as caught:
        conversation.completed(exit_code, b"")
    return caught.value


def test_the_command_line_means_the_same_to_every_login_shell():
    """fish, csh and POSIX shells differ in quotes, line breaks, exclamation marks and doubled backslashes."""
    assert f"exec sh -c '{BOOTSTRAP}'" == REMOTE_COMMAND
    assert re.findall(r"['\n!]|\\\\", BOOTSTRAP) == []


def test_without_password_everything_goes_at_once():
    """One burst: user, mode, nonce, program; and nothing follows."""
    conversation = Conversation("echo é\udcff", become_user="root")
    word = nonce(conversation)
    assert conversation.opening == b"%s\nroot\nnone\n%s\necho \xc3\xa9\xff" % (word, word)
    assert conversation.following == b""


def test_a_password_goes_alone_until_it_was_right():
    """sudo would take the program for further guesses, and lock the account."""
    conversation = Conversation("echo 1", become_user="root", password=PASSWORD)
    word = nonce(conversation)
    assert conversation.opening == b"%s\nroot\npassword\npa ss'w$(ord)\n" % word
    assert conversation.following == b"%s\necho 1" % word


def test_a_trusted_password_saves_the_round_trip():
    """The second program on a connection goes with the password."""
    conversation = Conversation("echo 1", become_user="root", password=PASSWORD, trusted=True)
    assert conversation.opening.endswith(b"\npa ss'w$(ord)\n%s\necho 1" % nonce(conversation))
    assert conversation.following == b""


def test_the_login_user_gets_no_password():
    """become: false must not send what isn't asked for."""
    conversation = Conversation("echo 1", become_user=None, password=PASSWORD)
    assert b"pa ss" not in conversation.opening


@pytest.mark.parametrize(("user", "password"), [("ro\not", None), ("root", Secret("a\nb")), ("a\0b", None)])
def test_what_is_no_single_line_is_refused(user, password):
    """A line break would shift the lines of the framing."""
    with pytest.raises(BecomeError, match="line break"):
        Conversation("true", become_user=user, password=password)


def test_noise_before_the_program_is_dropped():
    """Messages of .bashrc and sudo's lecture are not the program's output, however the pieces are cut."""
    conversation = Conversation("true", become_user="root")
    word = nonce(conversation)
    conversation.stderr(b"We trust you have received the usual lecture\n" + word[:5])
    conversation.stderr(word[5:] + b"\nown error\n")
    pieces = [b"Welcome!\n" + word[:7], word[7:], b"\nown", b" output"]
    assert b"".join(conversation.stdout(piece) for piece in pieces) == b"own output"
    completed = conversation.completed(3, b"own output")
    assert (completed.exit_code, completed.stdout, completed.stderr) == (3, b"own output", b"own error\n")


def test_the_second_prompt_means_a_wrong_password():
    """The prompt is ours, so this doesn't depend on the language that sudo speaks."""
    conversation = Conversation("true", become_user="root", password=PASSWORD)
    prompt = nonce(conversation) + b"?"
    conversation.stderr(prompt)
    assert conversation.password_refused is False
    conversation.stderr(prompt)
    assert conversation.password_refused is True


@pytest.mark.parametrize(
    ("stderr", "exit_code", "message"),
    [
        (
            b"sudo: a password is required\n",
            1,
            "sudo wants a password and none was given; set ansible_become_password",
        ),
        (b"", 96, "sudo is not installed"),
        (b"sudo: sorry, you must have a tty to run sudo\n", 1, "sudo insists on a terminal"),
        (b"joe is not in the sudoers file.\n", 1, "sudoers does not let the login user do it"),
        (b"Sorry, user joe may not run sudo on node1.\n", 1, "sudoers does not let the login user do it"),
        (b"Sorry, user joe is not allowed to execute '/bin/sh' as root on n.\n", 1, "sudoers does not let"),
        (b"sudo: unknown user nobdy\n", 1, "there is no such user on the host; correct ansible_become_user"),
        (
            b"sudo: account validation failure, is your account locked?\n",
            1,
            "the login user's account or password is expired",
        ),
        (b"sudo: /etc/sudo.conf is world writable\n", 1, "sudo ended with exit code 1; try it by hand"),
    ],
)
def test_each_refusal_has_its_own_message(stderr, exit_code, message):
    """The operator reads why, and what to do; and what sudo said."""
    error = refusal(stderr, exit_code)
    assert type(error) is BecomeError
    assert error.message.startswith(f"could not become root: {message}")
    assert list(error.output) == stderr.decode().splitlines()


def test_a_wrong_password_is_said_without_the_password():
    """The message has the remedy, and the secret is nowhere."""
    error = refusal(b"Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
                    password=PASSWORD)  # fmt: skip
    assert "sudo refused the password; correct ansible_become_password" in error.message
    assert PASSWORD.reveal() not in error.message + "".join(error.output)


def test_a_login_shell_that_runs_nothing_is_no_fault_of_sudo():
    """/usr/sbin/nologin says so on stdout."""
    conversation = Conversation("true", become_user=None)
    conversation.stdout(b"This account is currently not available.\n")
    error = conversation.refusal(1)
    assert type(error) is ConnectionLostError
    assert error.output == ("This account is currently not available.",)


def test_after_the_beginning_output_passes_through():
    """Even output that looks like a nonce is the program's."""
    conversation = Conversation("true", become_user="root")
    assert begin(conversation) == b""
    assert conversation.stdout(nonce(conversation) + b"\n") == nonce(conversation) + b"\n"
