"""One person in a browser of their own: which pages they walk, and what has to be on each."""

import asyncio
import io
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from PIL import Image

from carvis.images import read_image
from carvis.language import _, speaking
from tests.hostile.expected import Library

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "overview": "Overview", "models": "Models", "data-health": "Data", "training": "Training runs",
    "confusion": "Confusion matrix", "compare": "Compare models", "misclassified": "Misclassified",
    "heatmaps": "Heatmaps", "activations": "Activations",
}  # fmt: skip
BUSY = "[data-testid=stSkeleton], [data-testid=stSpinner], [data-testid=stApp][data-test-script-state=running]"
PATIENCE = 300_000


def japanese_titles() -> dict[str, str]:
    """Return the pages' titles in Japanese."""
    with speaking("ja"):
        return {title: _(title) for title in PAGES.values()}


@dataclass
class Tally:
    """What all guests saw together."""

    views: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "none")


class Guest:
    """A person with a model, samples, an upload and a language of their own.

    Args:
        number: Tells the guests apart; it also decides the language and the order of the pages.
        page: Playwright's page in a context that no other guest has.
        url: Where the dashboard is.
        model: The model of this guest.
        samples: Ids that no other guest looks at.
        library: What the images have to be.
        tally: Where everybody's findings go.
    """

    def __init__(self, number: int, page, url: str, model: str, samples: list[str], library: Library, tally: Tally):
        self.number, self.page, self.url, self.model, self.samples = number, page, url, model, samples
        self.library, self.tally = library, tally
        self.japanese = number % 2 == 1
        self.titles = japanese_titles() if self.japanese else {title: title for title in PAGES.values()}
        self.random = random.Random(number)
        self.upload_name = f"guest-{number}-only.png"
        self.upload = self._upload()
        self.others: list[Guest] = []

    def _upload(self) -> bytes:
        """A picture that nobody else has: one of the guest's samples upside down, with a bar of its own colour."""
        image = read_image(self.library.source(self.samples[0]))[::-1].copy()
        image[: 16 + 8 * (self.number % 4)] = np.random.default_rng(self.number).integers(0, 256, 3)
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        return buffer.getvalue()

    async def walk(self, until: float) -> None:
        """Walk from page to page until the time is over; what breaks is noted and the walk goes on."""
        steps = [self.heatmap_by_link, self.large_by_click, self.uploaded, self.activations, self.others_by_link]
        turn = self.number
        while time.monotonic() < until:
            step = steps[turn % len(steps)]
            turn += 1
            begun = time.monotonic()
            try:
                await step()
            except Exception as problem:
                self.tally.errors.append(f"guest {self.number}, {step.__name__}: {str(problem).splitlines()[0]}")
            seconds = time.monotonic() - begun
            self.tally.views[step.__name__] += 1
            self.tally.slowest = max(self.tally.slowest, (seconds, f"guest {self.number}, {step.__name__}"))

    async def heatmap_by_link(self) -> None:
        sample = self.random.choice(self.samples)
        await self.open("heatmaps", model=self.model, sample=sample)
        await self.text_is_mine(sample)
        await self.compare_row(sample, f"{self.model} on {sample}")

    async def large_by_click(self) -> None:
        await self.open("misclassified", table=f"{self.library.data}/test/{self.model}", sort="name")
        tiles = self.page.locator("[class*=st-key-open_] button")
        await tiles.nth(self.random.randrange(await tiles.count())).click()
        dialog = self.page.get_by_role("dialog")
        await dialog.locator("img").first.wait_for(timeout=PATIENCE)
        await self.settle()
        sample = re.search(r"test/\S+\.jpg", await dialog.inner_text())[0]
        wanted = await asyncio.to_thread(self.library.image, sample)
        await self.compare(dialog.locator("img").first, wanted, f"the large view of {sample}")
        await self.text_is_mine()
        await self.page.keyboard.press("Escape")
        await self.settle()

    async def uploaded(self) -> None:
        await self.open("heatmaps", model=self.model)
        await self.page.get_by_test_id("stMain").get_by_test_id("stPopover").locator("button").first.click()
        chooser = self.page.get_by_test_id("stFileUploaderDropzoneInput")
        await chooser.set_input_files(
            {"name": self.upload_name, "mimeType": "image/png", "buffer": self.upload}, timeout=PATIENCE
        )
        await self.page.get_by_test_id("stMain").get_by_text(self.upload_name).first.wait_for(timeout=PATIENCE)
        await self.page.keyboard.press("Escape")
        await self.settle()
        await self.text_is_mine(self.upload_name)
        await self.compare_row(self.upload, f"{self.model} on {self.upload_name}")

    async def activations(self) -> None:
        sample = self.random.choice(self.samples)
        await self.open("activations", model=self.model, sample=sample)
        wanted = await asyncio.to_thread(self.library.image, sample)
        await self.compare((await self.pictures())[0], wanted, f"{sample} on page Activations")
        await self.text_is_mine()

    async def others_by_link(self) -> None:
        """A page by its address, and from there another by the sidebar's link."""
        one, other = self.random.sample(["overview", "models", "data-health", "training", "confusion", "compare"], 2)
        await self.open(one, model=self.model)
        await self.text_is_mine()
        link = self.page.get_by_test_id("stSidebar").get_by_role("link", name=self.titles[PAGES[other]], exact=True)
        await link.click()
        await self.page.locator("h1", has_text=self.titles[PAGES[other]]).wait_for(timeout=PATIENCE)
        await self.settle()
        await self.text_is_mine()

    async def open(self, name: str, **params: str) -> None:
        """Open a page of the dashboard at its address and hold its title and errors."""
        query = urlencode({"data": self.library.data, "split": "test"} | params, doseq=True)
        await self.page.goto(f"{self.url}/{name}?{query}", timeout=PATIENCE)
        await self.settle()
        titles = await self.page.locator("h1").all_inner_texts()
        if titles != [self.titles[PAGES[name]]]:
            self.tally.errors.append(f"guest {self.number}: {name} is titled {titles}")

    async def settle(self) -> None:
        """Wait until the page has drawn everything."""
        await self.page.wait_for_selector("[data-testid=stMain] h1", timeout=PATIENCE)
        quiet, end = 0, time.monotonic() + PATIENCE / 1000
        while quiet < 3:
            await asyncio.sleep(0.15)
            quiet = 0 if await self.page.query_selector(BUSY) else quiet + 1
            if time.monotonic() > end:
                raise TimeoutError("the page never came to rest")

    async def pictures(self) -> list:
        """The large images of the page's main part, in the order in which they stand."""
        await self.page.wait_for_function("[...document.images].every(image => image.complete)", timeout=PATIENCE)
        images = await self.page.locator("[data-testid=stMain] [data-testid=stImage] img").all()
        sizes = [await image.evaluate("image => Math.min(image.naturalWidth, image.naturalHeight)") for image in images]
        # The colour scale is an image, too.
        return [image for image, size in zip(images, sizes, strict=True) if size > 40]

    async def compare_row(self, sample: str | bytes, named: str) -> None:
        """Hold a row of page Heatmaps: the sample, and beside it the model's heatmap on it."""
        pictures = await self.pictures()
        if len(pictures) != 2:
            self.tally.errors.append(f"guest {self.number}: {len(pictures)} images where two belong, {named}")
            return
        image = await asyncio.to_thread(self.library.image, sample)
        heatmap = await asyncio.to_thread(self.library.heatmap, sample, self.model)
        await self.compare(pictures[0], image, f"the image of {named}")
        await self.compare(pictures[1], heatmap, f"the heatmap of {named}")

    async def compare(self, image, wanted: np.ndarray, named: str) -> None:
        source = await image.get_attribute("src", timeout=PATIENCE)
        address = source if source.startswith("http") else self.url + source
        answer = await self.page.request.get(address, timeout=PATIENCE)
        if not answer.ok:
            self.tally.errors.append(f"guest {self.number}: {named} is answered with {answer.status}")
            return
        self.tally.compared += 1
        if problem := self.library.verdict(await answer.body(), wanted):
            self.tally.wrong.append(f"guest {self.number}, {named}: {problem}")

    async def text_is_mine(self, *expected: str) -> None:
        """Hold that no error stands on the page, nothing of another guest, and what is expected."""
        for problem in await self.page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all():
            said = " ".join((await problem.inner_text()).split())[:400]
            self.tally.errors.append(f"guest {self.number} at {self.page.url}: {said}")
        text = await self.page.get_by_test_id("stMain").inner_text()
        for name in expected:
            if name not in text:
                self.tally.errors.append(f"guest {self.number}: {name} does not stand on the page")
        for other in self.others:
            for foreign in (other.upload_name, *(other.samples if expected else ())):
                if foreign in text:
                    self.tally.wrong.append(f"guest {self.number} reads {foreign} of guest {other.number}")
