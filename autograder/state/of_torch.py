"""Settings of torch that take more than one call to read or set."""

import torch
from torch import Tensor, overrides
from torch._C import TensorBase
from torch.utils import _device, _python_dispatch

METHODS = dict(vars(Tensor))
ABSENT = object()
NO_MODES = [], [], None, None
AUTOCAST = (("cpu", False, torch.bfloat16), ("cuda", False, torch.float16))
PRINTS = dict(precision=4, threshold=1000, edgeitems=3, linewidth=80, sci_mode=None)
DENORMAL = 5e-324  # which is 0 where such numbers are flushed


def modes() -> tuple:
    """What looks at every call of torch: modes that were entered; a default device is one."""
    of_device = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    functions = overrides._get_current_function_mode_stack()
    dispatched = _python_dispatch._get_current_dispatch_mode_stack()
    return [*functions], [*dispatched], of_device, _device.CURRENT_DEVICE


def set_modes(value: tuple) -> None:
    *_, of_device, device = value
    for number, of in enumerate((overrides, _python_dispatch)):
        for _ in modes()[number]:
            of._pop_mode()
        for mode in value[number]:
            of._push_mode(mode)
    torch._GLOBAL_DEVICE_CONTEXT.device_context = of_device
    _device.CURRENT_DEVICE = device


def replaced_methods() -> dict:
    """What tensors do in another way than torch made them; new methods are left alone."""
    now = vars(Tensor)
    if len(now) == len(METHODS) and now.items() >= METHODS.items():  # at once: every call asks
        return {}
    others = [n for n in {**METHODS, **now} if now.get(n, ABSENT) is not METHODS.get(n, ABSENT)]
    return {n: now.get(n, ABSENT) for n in others if n in METHODS or hasattr(TensorBase, n)}


def replace_methods(value: dict) -> None:
    for name in {**replaced_methods(), **value}:
        method = value.get(name, METHODS.get(name, ABSENT))
        if method is ABSENT:  # what they inherit is there again
            delattr(Tensor, name)
        else:
            setattr(Tensor, name, method)


def autocast() -> tuple:
    """Where it is on and in which dtype; how deeply it was entered, and whether it caches."""
    torch.autocast_increment_nesting()
    depth = torch.autocast_decrement_nesting()
    each = tuple(
        (device, torch.is_autocast_enabled(device), torch.get_autocast_dtype(device))
        for device, *_ in AUTOCAST
    )
    return each, depth, torch.is_autocast_cache_enabled()


def set_autocast(value: tuple) -> None:
    each, depth, caching = value
    for device, on, dtype in each:
        torch.set_autocast_enabled(device, on)
        torch.set_autocast_dtype(device, dtype)
    while autocast()[1] > depth:
        torch.autocast_decrement_nesting()
    while autocast()[1] < depth:
        torch.autocast_increment_nesting()
    torch.clear_autocast_cache()
    torch.set_autocast_cache_enabled(caching)


def anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def set_anomaly(value: tuple[bool, bool]) -> None:
    torch.set_anomaly_enabled(*value)


def deterministic() -> tuple[bool, bool]:
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), only_warns


def set_deterministic(value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def precision() -> tuple[str | None, str | None]:
    """Of matrix products: by the old interface, which is mute once the new one was used, and
    by the new one, which older versions lack."""
    new = getattr(torch.backends.mkldnn, "matmul", None)
    try:
        old = torch.get_float32_matmul_precision()
    except RuntimeError:
        old = None
    return old, getattr(new, "fp32_precision", None)


def set_precision(value: tuple[str | None, str | None]) -> None:
    old, new = value
    if old is not None:
        torch.set_float32_matmul_precision(old)
    if new is not None:
        torch.backends.mkldnn.matmul.fp32_precision = new


HIGHEST = "highest", precision()[1] and "none"


def flushes() -> bool:
    return DENORMAL * 1.0 == 0.0


def prints() -> dict:
    return dict(vars(torch._tensor_str.PRINT_OPTS))


def set_prints(value: dict) -> None:
    torch.set_printoptions(**value)
