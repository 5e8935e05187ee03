"""Results kept on disk: made once, and again where their file is damaged or the folder cannot be written."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from carvis.workspace import Cache, CacheFormat, file_stamp, load_cached, load_or_make

NUMBER = CacheFormat[int](".txt", lambda number: str(number).encode(), lambda path: int(path.read_text()))


def test_a_result_is_made_once(tmp_path):
    made = []

    def make() -> int:
        made.append(7)
        return 7

    cache = Cache(tmp_path)
    assert [load_or_make(cache, "abc", NUMBER, make) for _ in range(3)] == [7, 7, 7]
    assert made == [7]
    assert load_cached(cache, "abc", NUMBER) == 7 and load_cached(cache, "def", NUMBER) is None


def test_a_damaged_result_is_made_again(tmp_path):
    cache = Cache(tmp_path)
    cache.put("abc", ".txt", b"torn")
    assert load_cached(cache, "abc", NUMBER) is None
    assert load_or_make(cache, "abc", NUMBER, lambda: 7) == load_cached(cache, "abc", NUMBER) == 7


def test_a_result_that_was_stopped_halfway_is_not_cached(tmp_path):
    cache = Cache(tmp_path)
    assert load_or_make(cache, "abc", NUMBER, lambda: 7, complete=lambda number: number > 10) == 7
    assert load_cached(cache, "abc", NUMBER) is None


def test_several_threads_write_at_once_while_old_results_are_dropped(tmp_path):
    for attempt in range(10):
        cache = Cache(tmp_path / str(attempt), max_bytes=2000)
        keys = [f"{i:02x}" for i in range(24)]
        with ThreadPoolExecutor(4) as pool:
            # An error of any write is raised here.
            list(pool.map(lambda key, cache=cache: cache.put(key, ".txt", b"x" * 300), keys))
        kept = [key for key in keys if cache.get(key, ".txt")]
        assert 0 < len(kept) < len(keys)


@pytest.mark.parametrize("folder", [None, "a file"])
def test_without_a_place_everything_is_made_each_time(folder, tmp_path):
    (tmp_path / "a file").write_text("")
    cache = folder and Cache(tmp_path / folder)
    assert load_or_make(cache, "abc", NUMBER, lambda: 7) == 7
    assert load_or_make(cache, "abc", NUMBER, lambda: 8) == 8


def test_a_stamp_tells_that_a_file_was_written_again(tmp_path):
    file: Path = tmp_path / "file"
    assert file_stamp(file) == (0, 0)
    file.write_text("abc")
    os.utime(file, ns=(5, 5))
    assert file_stamp(file) == (3, 5)
