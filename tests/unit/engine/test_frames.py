"""Frames: programs that really run under sh, and streams that arrive in any pieces."""

from __future__ import annotations

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from mountwright.frames import Frame, FrameReader, apply_program, new_nonce, probe_program, read_frames
from mountwright.shell import Script


def run_sh(program: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program as a host would: on the stdin of sh."""
    return subprocess.run(
        ["sh", "-s"], input=program.encode("utf-8", "surrogateescape"), capture_output=True, check=False
    )


def run_apply(tmp_path, nonce: str, steps: dict[str, Script], **options) -> subprocess.CompletedProcess[bytes]:
    """Run an apply program whose lock lies in ``tmp_path``, whoever runs the tests."""
    program = apply_program(nonce, steps, **{"generation": "", **options})
    return run_sh(program.replace("mw_home=/run\n", f"mw_home={tmp_path}\n"))


def ended(stream: bytes, nonce: str) -> dict[str, tuple[int, bytes]]:
    """What ended in a stream: key -> (exit code, output)."""
    return {key: (frame.exit_code, frame.output) for key, frame in read_frames(nonce, stream)[0].items()}


class TestProbeProgram:
    def test_each_script_gets_its_own_frame_on_both_streams(self):
        """Output, errors and exit codes of scripts are told apart."""
        nonce = new_nonce()
        done = run_sh(
            probe_program(
                nonce,
                {"a": Script("echo one; echo oops >&2"), "b": Script("printf two; exit 100"), "c": Script("exit 3")},
            )
        )
        assert ended(done.stdout, nonce) == {"a": (0, b"one\n"), "b": (100, b"two"), "c": (3, b"")}
        assert ended(done.stderr, nonce) == {"a": (0, b"oops\n"), "b": (100, b""), "c": (3, b"")}

    def test_output_arrives_byte_for_byte(self):
        """Bytes that are no text, and a missing last newline, are kept."""
        nonce = new_nonce()
        done = run_sh(probe_program(nonce, {"a": Script(r"printf '\377\n\n\200'")}))
        assert ended(done.stdout, nonce) == {"a": (0, b"\xff\n\n\x80")}

    def test_a_script_that_reads_stdin_does_not_eat_the_rest(self):
        """stdin of every script is at its end."""
        nonce = new_nonce()
        done = run_sh(probe_program(nonce, {"a": Script("cat"), "b": Script("echo still here")}))
        assert ended(done.stdout, nonce) == {"a": (0, b""), "b": (0, b"still here\n")}

    def test_an_unset_variable_ends_only_its_own_script(self):
        """Scripts run with set -u, each in a subshell of its own."""
        nonce = new_nonce()
        done = run_sh(probe_program(nonce, {"a": Script('echo "$nothing"'), "b": Script("echo fine")}))
        seen = ended(done.stdout, nonce)
        assert seen["a"][0] != 0
        assert seen["b"] == (0, b"fine\n")

    def test_values_do_not_leak_from_one_script_to_the_next(self):
        """A variable of one script is unset in the next."""
        nonce = new_nonce()
        done = run_sh(probe_program(nonce, {"a": Script("x=1", {"word": "w"}), "b": Script('echo "${x-}${word-}"')}))
        assert ended(done.stdout, nonce)["b"] == (0, b"\n")

    def test_a_program_cut_off_on_its_way_runs_nothing(self, tmp_path):
        """Whatever prefix of a program arrives, no script of it runs."""
        witness = tmp_path / "witness"
        program = probe_program(new_nonce(), {"a": Script(': >"$path"', {"path": witness})})
        for length in range(0, len(program) - len("mw_main </dev/null\n"), 97):
            run_sh(program[:length])
        assert not witness.exists()
        run_sh(program)
        assert witness.exists()


class TestApplyProgram:
    def test_steps_run_in_order_and_stop_at_the_first_failure(self, tmp_path):
        """A failed step's output is there; later steps never begin."""
        nonce = new_nonce()
        done = run_apply(
            tmp_path,
            nonce,
            {"a": Script("echo did a"), "b": Script("echo about to; false; echo not here"), "c": Script("echo c")},
        )
        assert ended(done.stdout, nonce) == {"a": (0, b"did a\n"), "b": (1, b"about to\n")}

    def test_a_stale_plan_runs_nothing(self, tmp_path):
        """When the lock's generation has moved on since the probe, the note says so and no step begins."""
        nonce = new_nonce()
        run_apply(tmp_path, nonce, {"a": Script("echo first")})
        second = new_nonce()
        notes: list[Frame] = []
        done = run_apply(tmp_path, second, {"a": Script("echo second")})
        FrameReader(second, notes.append).feed(done.stdout)
        assert notes == [Frame("note", "stale")]
        third = new_nonce()
        done = run_apply(tmp_path, third, {"a": Script("echo third")}, generation=nonce)
        assert ended(done.stdout, third) == {"a": (0, b"third\n")}

    def test_a_held_lock_is_waited_for_and_said(self, tmp_path):
        """A second run says that it waits, and gives up with a clear message."""
        lock = tmp_path / "mountwright.lock"
        with subprocess.Popen(["flock", str(lock), "sleep", "30"]) as holder:
            try:
                while (
                    not lock.exists()
                    or subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0
                ):
                    pass
                nonce = new_nonce()
                done = run_apply(tmp_path, nonce, {"a": Script("echo a")}, wait=1)
                assert b"note another run is changing this host" in done.stdout
                assert b"has held" in done.stderr
                assert ended(done.stdout, nonce) == {}
            finally:
                holder.terminate()

    def test_a_step_once_begun_is_finished_though_the_reader_is_gone(self, tmp_path):
        """Like an operator whose connection breaks: the running step ends well, no other begins."""
        nonce = new_nonce()
        slow = Script('sleep 0.5; echo x; echo y; : >"$path"', {"path": tmp_path / "finished"})
        program = apply_program(
            nonce, {"a": slow, "b": Script(': >"$path"', {"path": tmp_path / "begun"})}, generation=""
        ).replace("mw_home=/run\n", f"mw_home={tmp_path}\n")
        with subprocess.Popen(["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(program.encode())
            process.stdin.close()
            assert process.stdout.readline() == b"\n"
            process.stdout.close()
            process.wait(timeout=10)
        assert (tmp_path / "finished").exists()
        assert not (tmp_path / "begun").exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["finished", "mountwright.lock"]


class TestFrameReader:
    @given(st.data())
    def test_pieces_do_not_matter(self, data):
        """A stream gives the same frames however it is cut."""
        stream = (
            b"junk\nmwX begin 1\nhello\n\nmwX end 1 0\n\nmwX note stop \xc3\xa9\n\nmwX begin 2\n\nmwX end 2 17\ntail"
        )
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
        frames: list[Frame] = []
        reader = FrameReader("mwX", frames.append)
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            reader.feed(stream[start:end])
        assert frames == [
            Frame("begin", "1"),
            Frame("end", "1", 0, b"hello\n"),
            Frame("note", "stop é"),
            Frame("begin", "2"),
            Frame("end", "2", 17, b""),
        ]
        assert reader.rest() == b"junktail"

    def test_another_programs_marks_are_only_output(self):
        """Without the nonce nothing is a frame."""
        frames, rest = read_frames("mwX", b"\nmwY end 1 0\n\nmwX begin 1\n\nmwY end 1 0\n\nmwX end 1 5\n")
        assert frames == {"1": Frame("end", "1", 5, b"\nmwY end 1 0\n")}
        assert rest == b"\nmwY end 1 0\n"
