"""What the README and the pages in ``docs`` hold: fenced blocks with their commands, and links."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"(?:<!-- not run: ([^\n]+?) -->\n)?^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Args:
        language: As it stands behind the fence, such as ``bash``; empty where none does.
        text: The lines between the fences.
        reason: Why the tests do not run it, from the comment ``<!-- not run: REASON -->`` above it.
    """

    language: str
    text: str
    reason: str

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, without comments; ``&&`` separates commands."""
        lines = self.text.replace("\\\n", " ").splitlines()
        words = [shlex.split(line, comments=True) for line in lines]
        return [command for line in words for command in _separate(line) if command]

    @property
    def without_comments(self) -> list[str]:
        """The lines as a translation has to repeat them."""
        lines = [re.sub(r"(^|\s+)# .*", "", line).rstrip() for line in self.text.splitlines()]
        return [line for line in lines if line]


def _separate(words: list[str]) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def text_of(page: str) -> str:
    """The text of a page named by its path below the repository."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, of one language or of all."""
    code = [Block(name, text, reason or "") for reason, _, name, text in _BLOCK.findall(text_of(page))]
    return [block for block in code if language in (None, block.language)]


def carvis_commands(code: list[Block]) -> list[list[str]]:
    """The arguments of each ``python -m carvis`` in bash blocks."""
    commands = [command for block in code if block.language == "bash" for command in block.commands]
    return [words[3:] for words in commands if words[:3] == ["python", "-m", "carvis"]]


def links(page: str) -> list[str]:
    """The targets of a page's links and images."""
    return _LINK.findall(re.sub(r"```.*?```", "", text_of(page), flags=re.S))


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text_of(page), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
