from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.local.hardware import amd_gpus, detect, physical_cores

GIB = 2**30


def _put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


linux_only = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="reads Linux's /proc and /sys")


def _cpu(number: int, core: int, package: int = 0) -> dict[str, str]:
    at = f"sys/devices/system/cpu/cpu{number}/topology"
    return {f"{at}/core_id": f"{core}\n", f"{at}/physical_package_id": f"{package}\n"}


@linux_only
def test_two_threads_of_a_core_are_one_core(tmp_path: Path) -> None:
    for cpu in os.sched_getaffinity(0):
        _put(tmp_path, _cpu(cpu, core=0))
    assert physical_cores(tmp_path) == 1


@linux_only
def test_cores_of_equal_number_in_two_packages_are_two(tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    for cpu in cpus:
        _put(tmp_path, _cpu(cpu, core=0, package=cpu))
    assert physical_cores(tmp_path) == len(cpus)


@linux_only
def test_a_containers_share_of_the_processors_counts(tmp_path: Path) -> None:
    for cpu in os.sched_getaffinity(0):
        _put(tmp_path, _cpu(cpu, core=cpu))
    _put(tmp_path, {"sys/fs/cgroup/cpu.max": "150000 100000\n"})
    assert physical_cores(tmp_path) == 1
    _put(tmp_path, {"sys/fs/cgroup/cpu.max": "max 100000\n"})
    assert physical_cores(tmp_path) == len(os.sched_getaffinity(0))


@linux_only
def test_without_sysfs_each_usable_processor_is_a_core(tmp_path: Path) -> None:
    assert physical_cores(tmp_path) == len(os.sched_getaffinity(0))


MEMINFO = (
    "MemTotal:       16384000 kB\nMemFree:  1000 kB\nMemAvailable:   8192000 kB\nHugePages_Total:       0\n"
)


@linux_only
def test_available_memory_counts_caches_and_a_containers_limit(tmp_path: Path) -> None:
    _put(tmp_path, {"proc/meminfo": MEMINFO})
    machine = detect(tmp_path)
    assert (machine.ram_bytes, machine.available_bytes) == (16384000 * 1024, 8192000 * 1024)
    limits = {"sys/fs/cgroup/memory.max": f"{4 * GIB}\n", "sys/fs/cgroup/memory.current": f"{GIB}\n"}
    _put(tmp_path, limits)
    machine = detect(tmp_path)
    assert (machine.ram_bytes, machine.available_bytes) == (4 * GIB, 3 * GIB)
    _put(tmp_path, {"sys/fs/cgroup/memory.max": "max\n"})
    assert detect(tmp_path).ram_bytes == 16384000 * 1024


@linux_only
def test_a_machine_that_tells_nothing_has_nothing(tmp_path: Path) -> None:
    machine = detect(tmp_path)
    assert (machine.ram_bytes, machine.available_bytes) == (0, 0)
    assert machine.cores >= 1


def test_amd_cards_are_read_from_sysfs(tmp_path: Path) -> None:
    _put(
        tmp_path,
        {
            "card0/device/vendor": "0x1002\n",
            "card0/device/mem_info_vram_total": f"{16 * GIB}\n",
            "card0/device/mem_info_vram_used": f"{GIB}\n",
            "card0/device/product_name": "Radeon RX 7800 XT\n",
            "card1/device/vendor": "0x1002\n",
            "card1/device/mem_info_vram_total": f"{GIB // 2}\n",
            "card2/device/vendor": "0x8086\n",
            "card2/device/mem_info_vram_total": f"{8 * GIB}\n",
            "card3/device/vendor": "0x1002\n",
            "card0-DP-1/status": "connected\n",
        },
    )
    (gpu,) = amd_gpus(tmp_path)
    assert (gpu.name, gpu.vendor, gpu.total_bytes, gpu.free_bytes) == (
        "Radeon RX 7800 XT",
        "amd",
        16 * GIB,
        15 * GIB,
    )


def test_this_machine_has_memory_and_cores() -> None:
    machine = detect()
    assert machine.cores >= 1
    assert 0 < machine.available_bytes <= machine.ram_bytes
