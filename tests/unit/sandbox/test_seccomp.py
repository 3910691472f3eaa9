from __future__ import annotations

import errno
import struct
from collections.abc import Sequence

import pytest

from qwen_code.sandbox.seccomp import MACHINES, program

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
UNIX, INET, INET6, NETLINK, PACKET, VSOCK = 1, 2, 10, 16, 17, 40


def judge(code: bytes, audit: int, number: int, arguments: Sequence[int] = ()) -> int:
    """What the kernel would do: an interpreter of the few instructions in use."""
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, audit, 0, *[*arguments, *[0] * (6 - len(arguments))])
    steps = list(struct.iter_unpack("=HBBI", code))
    at = value = 0
    while True:
        operation, if_true, if_false, operand = steps[at]
        at += 1
        match operation:
            case 0x20:
                value = struct.unpack_from("=I", data, operand)[0]
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x45:
                at += if_true if value & operand else if_false
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


def verdict(machine: str, call: str | int, *arguments: int, sockets: bool = True) -> int:
    code = program(machine, sockets=sockets)
    assert code is not None
    number = MACHINES[machine].calls[call] if isinstance(call, str) else call
    return judge(code, MACHINES[machine].audit, number, arguments)


def test_there_is_no_filter_for_a_machine_whose_numbers_are_not_known() -> None:
    assert program("riscv64") is None


def test_every_jump_lands_inside_and_the_program_ends_in_an_answer(machine: str) -> None:
    steps = list(struct.iter_unpack("=HBBI", program(machine) or b""))
    assert 0 < len(steps) <= 4096
    for at, (operation, if_true, if_false, _) in enumerate(steps):
        assert operation == 0x06 or at + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1][0] == 0x06


@pytest.mark.parametrize("family", [UNIX, PACKET, VSOCK, 38, 44])
def test_sockets_that_reach_other_programs_without_a_network_are_denied(machine: str, family: int) -> None:
    assert verdict(machine, "socket", family) == EPERM


@pytest.mark.parametrize("family", [INET, INET6, NETLINK])
def test_sockets_of_the_network_are_left_to_the_namespace(machine: str, family: int) -> None:
    assert verdict(machine, "socket", family) == ALLOW
    assert verdict(machine, "socket", family, sockets=False) == EPERM


def test_the_upper_half_of_an_argument_deceives_nobody(machine: str) -> None:
    assert verdict(machine, "socket", UNIX | 1 << 40) == EPERM
    assert verdict(machine, "ioctl", 0, 0x5412 | 1 << 32) == EPERM


@pytest.mark.parametrize(
    "call", ["ptrace", "io_uring_setup", "bpf", "keyctl", "mount", "setns", "pidfd_getfd", "process_vm_readv"]
)
def test_calls_into_other_processes_and_the_kernel_are_denied(machine: str, call: str) -> None:
    assert verdict(machine, call) == EPERM


def test_new_processes_are_allowed_and_new_user_namespaces_are_not(machine: str) -> None:
    assert verdict(machine, "clone", 0x01200011) == ALLOW
    assert verdict(machine, "clone", 0x10000011) == EPERM
    assert verdict(machine, "unshare", 0x10000000) == EPERM
    assert verdict(machine, "unshare", 0x400) == ALLOW
    assert verdict(machine, "clone3") == ENOSYS


@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_nothing_is_typed_into_the_terminal(machine: str, request_number: int) -> None:
    assert verdict(machine, "ioctl", 0, request_number) == EPERM
    assert verdict(machine, "ioctl", 0, 0x5413) == ALLOW


def test_other_instruction_sets_are_not_run(machine: str) -> None:
    code = program(machine)
    assert code is not None
    assert judge(code, 0x40000003, 5) == KILL


def test_the_second_set_of_numbers_of_x86_is_denied() -> None:
    assert verdict("x86_64", 0x40000000 | 41, UNIX) == ENOSYS


def test_ordinary_calls_pass(machine: str) -> None:
    assert verdict(machine, 0) == ALLOW
    assert verdict(machine, 300) in (ALLOW, EPERM)
