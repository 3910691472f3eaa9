"""What this machine has to run a model with: graphics memory, main memory, cores.

Looks without starting anything: the driver's own library for NVIDIA, sysfs for AMD, Apple's unified memory;
limits of a container count. Nothing here loads llama.cpp.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Vendor: TypeAlias = Literal["nvidia", "amd", "apple"]

_APPLE_SHARE = 0.7
"""Of unified memory, what macOS lets graphics hold; `recommendedMaxWorkingSetSize` gives 67 to 75 %."""
_AMD_PCI_VENDOR = "0x1002"
_SMALL_GPU = 2 * 2**30
"""Less is the frame buffer of a processor's own graphics, of no use here."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics card."""

    name: str
    vendor: Vendor
    total_bytes: int
    free_bytes: int
    """What is free now; a desktop takes some."""


@dataclass(frozen=True, slots=True)
class Machine:
    """All that matters for running a model."""

    gpus: tuple[Gpu, ...]
    ram_bytes: int
    available_bytes: int
    """Main memory that is free, or would be if caches gave way."""
    cores: int
    """Physical cores that this process may use."""

    @property
    def unified(self) -> bool:
        """Graphics and processor share one memory."""
        return any(gpu.vendor == "apple" for gpu in self.gpus)

    @property
    def gpu_free_bytes(self) -> int:
        return sum(gpu.free_bytes for gpu in self.gpus)


def detect(root: Path = Path("/")) -> Machine:
    """Look at this machine; `root` is where `/proc` and `/sys` lie."""
    ram, available = _memory(root)
    if sys.platform == "darwin":
        gpus = _apple(ram)
    else:
        gpus = (*_nvidia(), *amd_gpus(root / "sys/class/drm"))
    return Machine(gpus, ram, available, physical_cores(root))


def physical_cores(root: Path = Path("/")) -> int:
    """Cores, not threads: two threads of one core gain nothing at matrix products."""
    if sys.platform == "darwin":
        return _sysctl("hw.perflevel0.physicalcpu") or _sysctl("hw.physicalcpu") or os.cpu_count() or 1
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores: set[tuple[str, str]] = set()
    for cpu in usable:
        topology = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        core = _text(topology / "core_id")
        if core:
            cores.add((_text(topology / "physical_package_id"), core))
    found = len(cores) or len(usable)
    return max(1, min(found, _cpu_quota(root) or found))


def amd_gpus(drm: Path) -> tuple[Gpu, ...]:
    """Cards whose driver is `amdgpu`, from its files in sysfs."""
    gpus: list[Gpu] = []
    for device in sorted(drm.glob("card[0-9]*/device")):
        if _text(device / "vendor") != _AMD_PCI_VENDOR:
            continue
        total = _number(device / "mem_info_vram_total")
        if total >= _SMALL_GPU:
            name = _text(device / "product_name") or "AMD graphics"
            gpus.append(Gpu(name, "amd", total, total - _number(device / "mem_info_vram_used")))
    return tuple(gpus)


def _nvidia() -> tuple[Gpu, ...]:
    """Through NVML (https://docs.nvidia.com/deploy/nvml-api), which comes with every driver."""
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        nvml: Any = ctypes.CDLL(name)
    except OSError:
        return ()
    if nvml.nvmlInit_v2() != 0:
        return ()
    try:
        return tuple(_nvml_devices(nvml))
    finally:
        nvml.nvmlShutdown()


class _NvmlMemory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


def _nvml_devices(nvml: Any) -> Iterator[Gpu]:
    count = ctypes.c_uint(0)
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return
    for index in range(count.value):
        device, memory = ctypes.c_void_p(), _NvmlMemory()
        label = ctypes.create_string_buffer(96)
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)) != 0:
            continue
        if nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) != 0:
            continue
        nvml.nvmlDeviceGetName(device, label, len(label))
        yield Gpu(label.value.decode("utf-8", "replace"), "nvidia", memory.total, memory.free)


def _apple(ram: int) -> tuple[Gpu, ...]:
    if platform.machine() != "arm64":
        return ()
    limit = _sysctl("iogpu.wired_limit_mb") * 2**20 or int(ram * _APPLE_SHARE)
    return (Gpu("Apple graphics", "apple", limit, limit),)


def _memory(root: Path) -> tuple[int, int]:
    """Total and available bytes; of the container if there is one."""
    if sys.platform != "linux":
        return _memory_elsewhere()
    fields: dict[str, int] = {}
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        number = value.split()
        if number and number[0].isdigit():
            fields[name] = int(number[0]) * 1024
    total = fields.get("MemTotal", 0)
    available = fields.get("MemAvailable", total)
    if limit := _number(root / "sys/fs/cgroup/memory.max"):
        used = _number(root / "sys/fs/cgroup/memory.current")
        total, available = min(total, limit), min(available, max(0, limit - used))
    return total, available


def _memory_elsewhere() -> tuple[int, int]:
    try:
        import psutil
    except ModuleNotFoundError:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
        return total, total // 2
    memory: Any = psutil.virtual_memory()
    return int(memory.total), int(memory.available)


def _cpu_quota(root: Path) -> int:
    """Whole processors that a container may use; 0 without a limit."""
    quota, _, period = _text(root / "sys/fs/cgroup/cpu.max").partition(" ")
    if not (quota.isdigit() and period.strip().isdigit()):
        return 0
    return max(1, int(quota) // int(period))


def _sysctl(name: str) -> int:
    """A number from macOS's sysctl; 0 when there is none."""
    try:
        library: Any = ctypes.CDLL(None)
        value, size = ctypes.c_int64(0), ctypes.c_size_t(8)
        found = library.sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0)
    except (OSError, AttributeError):
        return 0
    return int(value.value) if found == 0 else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    """A whole number in a file; 0 when there is none (`max` included)."""
    text = _text(path)
    return int(text) if text.isdigit() else 0
