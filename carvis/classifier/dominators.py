"""Which points all paths of a graph pass: dominators of a directed acyclic graph, in plain numbers."""

from collections.abc import Collection, Mapping, Sequence


def dominator_chain(sources: Mapping[int, Sequence[int]], start: int, end: int) -> list[int]:
    """List what every path from start to end passes, from the end back to the start, both included.

    Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001); in an acyclic graph one pass suffices.

    Args:
        sources: what each point is made from; points are numbered so that each has a higher number than its sources.

    Returns:
        The points; empty where no path leads from start to end.
    """
    above: dict[int, int] = {start: start}
    for point in sorted(sources):
        reached = [source for source in sources[point] if source in above]
        if reached and point != start:
            common = reached[0]
            for source in reached[1:]:
                common = _common(above, common, source)
            above[point] = common
    if end not in above:
        return []
    chain = [end]
    while chain[-1] != start:
        chain.append(above[chain[-1]])
    return chain


def _common(above: Mapping[int, int], first: int, second: int) -> int:
    while first != second:
        if first > second:
            first = above[first]
        else:
            second = above[second]
    return first


def is_cut(sources: Mapping[int, Sequence[int]], start: int, end: int, points: Collection[int]) -> bool:
    """Tell whether every path from start to end passes at least one of the points."""
    visited, pending = set(points), [end]
    while pending:
        point = pending.pop()
        if point in visited:
            continue
        if point == start:
            return False
        visited.add(point)
        pending.extend(sources.get(point, ()))
    return True


def reaches(sources: Mapping[int, Sequence[int]], first: int, second: int) -> bool:
    """Tell whether a path leads from one point to another, later one."""
    return first != second and first in upstream(sources, second)


def upstream(sources: Mapping[int, Sequence[int]], point: int) -> set[int]:
    """Return a point and everything that it is made from."""
    visited, pending = set(), [point]
    while pending:
        point = pending.pop()
        if point not in visited:
            visited.add(point)
            pending.extend(sources.get(point, ()))
    return visited
